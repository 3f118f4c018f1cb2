"""Rows that have had their time: which they are, and deleting some of them.

They are found in a reading transaction and deleted by their keys in a short one of their own, so
that a long table costs writers nothing. The ledger has none: what a reader got, she got for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, select, tuple_

from mailer.core.deliveries import TERMINAL, DeliveryState
from mailer.core.operators import SESSION_LIFE
from mailer.core.retention import Retention
from mailer.store.api_answers import KEPT as ANSWERS_KEPT
from mailer.store.api_tables import api_answers
from mailer.store.edition_tables import edition_contents, editions
from mailer.store.import_tables import (
    import_lines,
    import_pieces,
    import_rejects,
    reader_imports,
)
from mailer.store.ledger_tables import deliveries
from mailer.store.operator_tables import operator_sessions, sign_ins
from mailer.store.reader_tables import address_requests, limits, subscription_requests
from mailer.store.webhook_tables import webhook_messages

_UNSETTLED = [state.value for state in DeliveryState if state not in TERMINAL]


@dataclass(frozen=True, slots=True)
class Aged:
    """Rows of one table that are over. `name` is what people call them."""

    name: str
    table: Table
    is_over: ColumnElement[bool]


def aged_rows(keep: Retention, now: datetime) -> tuple[Aged, ...]:
    """Return every kind of row that ages, in an order that minds who refers to whom."""
    # A retry or an operator's resend has the same bytes, however late.
    needed = exists().where(
        deliveries.c.run_id == editions.c.run_id, deliveries.c.state.in_(_UNSETTLED)
    )
    named = exists().where(editions.c.name == edition_contents.c.name)
    old_edition = now - keep.editions
    asked = now - keep.requests
    ended = reader_imports.c.ended_at < now - keep.imports
    return (
        Aged("editions", editions, (editions.c.made_at < old_edition) & ~needed),
        Aged(
            "edition contents",
            edition_contents,
            (edition_contents.c.stored_at < old_edition) & ~named,
        ),
        Aged(
            "subscription requests",
            subscription_requests,
            # One that was confirmed is the proof of a consent.
            (subscription_requests.c.requested_at < asked)
            & subscription_requests.c.confirmed_at.is_(None),
        ),
        Aged("address requests", address_requests, address_requests.c.requested_at < asked),
        Aged("API answers", api_answers, api_answers.c.asked_at < now - ANSWERS_KEPT),
        Aged(
            "sessions",
            operator_sessions,
            operator_sessions.c.created_at < now - SESSION_LIFE - keep.sessions,
        ),
        Aged("sign-ins", sign_ins, sign_ins.c.at < now - keep.sessions),
        Aged(
            "webhook messages",
            webhook_messages,
            webhook_messages.c.settled_at < now - keep.webhook_messages,
        ),
        *(
            Aged(name, table, exists().where(reader_imports.c.id == table.c.import_id, ended))
            for name, table in (
                ("files of imports", import_pieces),
                ("lines of imports", import_lines),
                ("rejected lines", import_rejects),
            )
        ),
        Aged("imports", reader_imports, ended),
        # A bucket that is full again allows the same without being remembered.
        Aged("limits", limits, limits.c.full_at < now),
    )


def find_aged(connection: Connection, aged: Aged, limit: int) -> list[tuple[Any, ...]]:
    """Return the keys of some rows that are over."""
    rows = connection.execute(select(*aged.table.primary_key).where(aged.is_over).limit(limit))
    return [tuple(row) for row in rows]


def delete_aged(connection: Connection, aged: Aged, keys: Sequence[tuple[Any, ...]]) -> int:
    """Delete rows by their keys, those that are still over; returns how many."""
    these = tuple_(*aged.table.primary_key).in_(keys)
    return connection.execute(delete(aged.table).where(these, aged.is_over)).rowcount
