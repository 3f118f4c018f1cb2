"""An operator decides about mail that is in doubt or held."""

from datetime import timedelta

import pytest

from mailer.core.deliveries import DeliveryState
from mailer.core.runs import RunState
from mailer.errors import InputError, NotFoundError
from mailer.flows.recover import recover
from mailer.flows.resolve_delivery import Resolution, resolve_delivery
from mailer.flows.steer_run import Steer
from mailer.store.database import Database
from mailer.store.ledger_lease import hold
from tests.builders import NOON
from tests.flows.ledger import NO, NOBODY_KNOWS, YES, Ledger, open_ledger

S = DeliveryState
ACCEPT, RESEND = Resolution.ACCEPT, Resolution.RESEND
LATE = NOON + timedelta(days=3)


def doubtful(database: Database) -> Ledger:
    ledger = open_ledger(database, mails=1)
    ledger.send(NOBODY_KNOWS)
    recover(database, now=NOON)
    assert ledger.run.state is RunState.DONE
    return ledger


def held(database: Database) -> Ledger:
    ledger = open_ledger(database, mails=1)
    claimed = ledger.claim()
    with database.write() as connection:
        hold(connection, 1, claimed.token, NOON, "cannot be built")
    recover(database, now=NOON)
    assert ledger.run.state is RunState.DONE
    return ledger


@pytest.mark.parametrize("prepare", [doubtful, held])
def test_proof_from_outside_makes_it_accepted(database: Database, prepare: object) -> None:
    ledger = prepare(database)  # type: ignore[operator]

    row = resolve_delivery(database, 1, ACCEPT, now=LATE)
    again = resolve_delivery(database, 1, ACCEPT, now=LATE)

    assert row == again
    assert (row.state, row.reply_code, row.settled_at) == (S.ACCEPTED, 250, LATE)
    last = ledger.events(1)[-1]
    assert (last.event, last.code, last.detail) == ("accepted", 250, "accepted by an operator")
    assert ledger.broken(LATE) == {}


@pytest.mark.parametrize(("prepare", "resends"), [(doubtful, 1), (held, 0)])
def test_it_is_sent_again_with_its_message_id_by_a_run_that_was_done(
    database: Database, prepare: object, resends: int
) -> None:
    ledger = prepare(database)  # type: ignore[operator]
    [before] = ledger.rows

    row = resolve_delivery(database, 1, RESEND, now=LATE)
    resolve_delivery(database, 1, RESEND, now=LATE)

    assert (row.state, row.resend_count, row.message_id) == (S.QUEUED, resends, before.message_id)
    assert ledger.run.state is RunState.SENDING
    ledger.send(YES, now=LATE)
    assert ledger.states == [S.ACCEPTED]
    assert ledger.broken(LATE) == {}


def test_a_late_answer_no_longer_counts(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    sending = ledger.mark()
    recover(database, now=NOON + timedelta(minutes=2))
    resolve_delivery(database, 1, ACCEPT, now=LATE)

    assert sending.answer(NO, now=LATE).states == {}
    assert ledger.states == [S.ACCEPTED]


def test_a_cancelled_run_only_takes_proof(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    ledger.send(NOBODY_KNOWS)
    ledger.steer(Steer.CANCEL)

    with pytest.raises(InputError, match=r"run 1, which is cancelled .* only --accept is possible"):
        resolve_delivery(database, 1, RESEND, now=NOON)
    assert resolve_delivery(database, 1, ACCEPT, now=NOON).state is S.ACCEPTED


def test_other_states_are_told_with_what_is_possible(database: Database) -> None:
    ledger = open_ledger(database, mails=2)
    ledger.send(NO)

    with pytest.raises(InputError, match=r"1 is refused and .*'mailer runs retry 1' plans"):
        resolve_delivery(database, 1, ACCEPT, now=NOON)
    with pytest.raises(InputError, match="delivery 2 is queued and cannot be resolved by --accept"):
        resolve_delivery(database, 2, ACCEPT, now=NOON)
    with pytest.raises(NotFoundError):
        resolve_delivery(database, 3, ACCEPT, now=NOON)
