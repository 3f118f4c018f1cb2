"""Promises broken on purpose, one each: the test that guards a promise must then go red."""

import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from importlib import import_module
from typing import Any

from sqlalchemy import false, update

from mailer.core.deliveries import DeliveryState, InDoubtPolicy
from mailer.ports import InDoubt
from mailer.store.ledger_tables import deliveries

# Without types: what is put in the place of their functions is wrong on purpose.
_deliver: Any = import_module("mailer.flows.deliver_run")
_open: Any = import_module("mailer.flows.open_due_runs")
_recover: Any = import_module("mailer.flows.recover")
_settle: Any = import_module("mailer.flows.settle_window")
_lease: Any = import_module("mailer.store.ledger_lease")
_serving: Any = import_module("workers.serving")


def _no_fence() -> None:
    """A worker sends what it claimed, whether or not its lease is still its own."""
    mark = _deliver.mark

    def mark_all(connection: Any, ids: Any, *arguments: Any) -> Any:
        mark(connection, ids, *arguments)
        return list(ids)

    _deliver.mark = mark_all


def _accepted_before_it_is_sent() -> None:
    """The record comes first and the mail later, as in products that keep a counter."""
    mark = _deliver.mark

    def mark_as_done(connection: Any, *arguments: Any) -> Any:
        marked = mark(connection, *arguments)
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(marked))
            .values(state=DeliveryState.ACCEPTED.value)
        )
        return marked

    _deliver.mark = mark_as_done


def _nobody_reaps() -> None:
    """What dead workers left stays theirs."""
    _recover.reap = lambda connection, now: (0, 0)


def _doubts_are_resent() -> None:
    """What may have been accepted is sent again, though the policy says hold."""
    settle = _recover.settle_doubts
    _recover.settle_doubts = lambda database, *, policy, now: settle(
        database, policy=InDoubtPolicy.RESEND, now=now
    )


def _consent_is_asked_once() -> None:
    """Who unsubscribed after the plan still gets the mail."""
    _lease.lost_consent = lambda now: [(false(), "never")]


def _doubt_is_taken_for_acceptance() -> None:
    """A conversation that broke off behind the body counts as accepted."""
    settlement = _settle._settlement

    def optimistic(row: Any, outcome: Any, now: Any) -> Any:
        done = settlement(row, outcome, now)
        if isinstance(outcome, InDoubt):
            return replace(done, state=DeliveryState.ACCEPTED, event="accepted")
        return done

    _settle._settlement = optimistic


def _each_tick_names_its_own_slots() -> None:
    """A slot is known by who looked, so two who look make two runs."""
    identity = _open.slot_identity
    _open.slot_identity = lambda *words: f"{identity(*words)}:{os.getpid()}"


def _only_the_bell_is_heard() -> None:
    """A worker does what its broker tells it, and nothing by itself."""
    _serving._lookout = nullcontext


def _mail_is_remembered() -> None:
    """A worker keeps every message it has sent."""
    collect = _deliver.collect_outcomes
    kept: list[bytes] = []

    def collect_and_keep(backend: Any, messages: Any) -> Any:
        kept.extend(bytes(80_000) + one.content for one in messages)
        return collect(backend, messages)

    _deliver.collect_outcomes = collect_and_keep


MUTATIONS: dict[str, Callable[[], None]] = {
    "no fence": _no_fence,
    "accepted before it is sent": _accepted_before_it_is_sent,
    "nobody reaps": _nobody_reaps,
    "doubts are resent": _doubts_are_resent,
    "consent is asked once": _consent_is_asked_once,
    "doubt is taken for acceptance": _doubt_is_taken_for_acceptance,
    "each tick names its own slots": _each_tick_names_its_own_slots,
    "only the bell is heard": _only_the_bell_is_heard,
    "mail is remembered": _mail_is_remembered,
}
