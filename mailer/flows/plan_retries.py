"""Plan retries: a new delivery for each refused one of a run, since refused rows never move."""

from collections.abc import Sequence
from datetime import datetime

from mailer.core.deliveries import DeliveryState, life_of, retry_key
from mailer.core.runs import Run
from mailer.core.tokens import Signer
from mailer.flows.write_letters import message_id
from mailer.store.database import Connection, Database
from mailer.store.ledger_plan import NewDelivery, NewItem, add_planned, given_stories
from mailer.store.ledger_reading import DeliveryRow, list_deliveries
from mailer.store.ledger_retry import (
    Recipient,
    add_retry_shard,
    consenting_recipients,
    taken_keys,
)
from mailer.store.newsletters import find_newsletter
from mailer.store.runs import find_run, reopen_runs

_BATCH = 500


def plan_retries(database: Database, run_id: int, *, now: datetime, signer: Signer) -> int:
    """Plan each refused delivery of a run anew, under a key of its own; returns how many.

    The new one goes to the reader's present address and has the stories she was not given
    meanwhile. Those planned anew already, those with nothing left to give, and readers who must
    get nothing are passed over: again plans nothing twice.
    """
    with database.read() as connection:
        run = find_run(connection, run_id)
        sender = find_newsletter(connection, run.newsletter).sender_address
    planned_count = after_id = 0
    while True:
        with database.write() as connection:
            rows = list_deliveries(
                connection,
                run_id=run_id,
                state=DeliveryState.REFUSED,
                after_id=after_id,
                limit=_BATCH,
            )
            planned = _retries(connection, rows, run=run, sender=sender, signer=signer, now=now)
            added = add_planned(connection, run_id, planned, now)
            if added:
                add_retry_shard(connection, run_id, added, now)
                reopen_runs(connection, [run_id])
        planned_count += added
        if len(rows) < _BATCH:
            return planned_count
        after_id = rows[-1].id


def _retries(
    connection: Connection,
    rows: Sequence[DeliveryRow],
    *,
    run: Run,
    sender: str,
    signer: Signer,
    now: datetime,
) -> list[NewDelivery]:
    taken = taken_keys(connection, [retry_key(row.key) for row in rows])
    rows = [row for row in rows if retry_key(row.key) not in taken]
    recipients = consenting_recipients(connection, [row.id for row in rows], now)
    rows = [row for row in rows if row.id in recipients]
    given = given_stories(
        connection,
        [recipients[row.id].reader_id for row in rows],
        sorted({item.story_id for row in rows for item in row.items}),
    )
    planned = []
    for row in rows:
        key = retry_key(row.key)
        items = tuple(
            NewItem(item.story_id, item.revision, item.section, item.shown, item.follow_ids)
            for item in row.items
            if item.story_id not in given.get(recipients[row.id].reader_id, ())
        )
        # A letter holds no stories: it is its own.
        if items or row.occasion is not None:
            planned.append(
                _new_delivery(
                    row,
                    recipients[row.id],
                    key=key,
                    message_id=message_id(key, sender, signer),
                    expires_at=now + life_of(run.cadence),
                    items=items,
                )
            )
    return planned


def _new_delivery(
    row: DeliveryRow,
    recipient: Recipient,
    *,
    key: str,
    message_id: str,
    expires_at: datetime,
    items: tuple[NewItem, ...],
) -> NewDelivery:
    return NewDelivery(
        key=key,
        message_id=message_id,
        reader_id=recipient.reader_id,
        subscription_id=recipient.subscription_id,
        email=recipient.email,
        email_key=recipient.email_key,
        name=row.name,
        locale=row.locale,
        timezone=row.timezone,
        format=row.format.value,
        expires_at=expires_at,
        items=items,
        occasion=row.occasion or "",
    )
