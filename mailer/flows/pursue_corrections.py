"""Pursue corrections: tell who has a wrong version, and keep it from those who don't yet.

A mail may be in a worker's hands, or in a plan that is being written, when its story is corrected.
So a correction stays open until none of these can bring the wrong version any more, and each look
tells those it has reached meanwhile. The notice's key says who was told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailer.core.corrections import Correction, CorrectionKind
from mailer.core.deliveries import retry_key
from mailer.core.notices import Link, Occasion, Word
from mailer.core.stories import Story
from mailer.flows.desk import Desk
from mailer.flows.send_notice import NewNotice, send_notice
from mailer.flows.write_letters import message_id
from mailer.render.links import story_link
from mailer.render.speech import in_zone, speech_of, zone_of
from mailer.store.corrections import (
    Carrier,
    carriers_of,
    close_correction,
    hold_waiting,
    open_corrections,
    supersede,
    waiting_ids,
)
from mailer.store.database import Connection
from mailer.store.ledger_notices import add_notice_item
from mailer.store.ledger_plan import NewDelivery, NewItem, add_planned
from mailer.store.ledger_reading import DeliveryRow, read_deliveries
from mailer.store.ledger_retry import Recipient, add_retry_shard, consenting_recipients
from mailer.store.newsletters import find_newsletter
from mailer.store.runs import reopen_runs
from mailer.store.stories import stories_at_revision

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Pursued:
    """Readers told, mails planned anew before they left, and those that had nothing else."""

    told_count: int = 0
    replanned_count: int = 0
    dropped_count: int = 0


def pursue_corrections(desk: Desk, *, now: datetime) -> Pursued:
    """Look after every open correction, and close those that are done."""
    with desk.database.read() as connection:
        corrections = open_corrections(connection)
    pursued = [pursue(desk, correction, now=now) for correction in corrections]
    for correction in corrections:
        with desk.database.write() as connection:
            close_correction(connection, correction, now)
    return Pursued(
        sum(one.told_count for one in pursued),
        sum(one.replanned_count for one in pursued),
        sum(one.dropped_count for one in pursued),
    )


def pursue(desk: Desk, correction: Correction, *, now: datetime) -> Pursued:
    """Stop what waits with a wrong version, then tell who has one; again tells nobody twice."""
    replanned = dropped = 0
    while True:
        with desk.database.write() as connection:
            ids = waiting_ids(connection, correction, limit=_BATCH)
            anew, gone = _plan_anew(desk, connection, correction, ids, now)
        replanned, dropped = replanned + anew, dropped + gone
        if len(ids) < _BATCH:
            break
    told = after_reader_id = 0
    while True:
        with desk.database.write() as connection:
            carriers, last = carriers_of(
                connection, correction, after_reader_id=after_reader_id, limit=_BATCH
            )
            told += _tell(desk, connection, correction, carriers, now)
        if last is None:
            return Pursued(told, replanned, dropped)
        after_reader_id = last


def _plan_anew(
    desk: Desk, connection: Connection, correction: Correction, ids: Sequence[int], now: datetime
) -> tuple[int, int]:
    recipients = consenting_recipients(connection, ids, now)
    held = hold_waiting(connection, correction, ids)
    rows = read_deliveries(connection, held)
    supersede(connection, held, f"its story was {_done(correction)}: planned anew", now)
    by_run: dict[int, list[NewDelivery]] = {}
    for row in rows:
        items = _items(row, correction)
        recipient = recipients.get(row.id)
        if items and recipient is not None and row.run_id is not None:
            sender = find_newsletter(connection, row.newsletter).sender_address
            new = _new_delivery(desk, row, recipient, items, sender)
            by_run.setdefault(row.run_id, []).append(new)
    planned_count = 0
    for run_id, planned in sorted(by_run.items()):
        added = add_planned(connection, run_id, planned, now)
        if added:
            add_retry_shard(connection, run_id, added, now)
            reopen_runs(connection, [run_id])
        planned_count += added
    return planned_count, len(rows) - planned_count


def _done(correction: Correction) -> str:
    return "retracted" if correction.kind is CorrectionKind.RETRACTION else "corrected"


def _items(row: DeliveryRow, correction: Correction) -> tuple[NewItem, ...]:
    items = []
    for item in row.items:
        revision = item.revision
        if item.story_id == correction.story_id and revision <= correction.wrong_revision:
            if correction.kind is CorrectionKind.RETRACTION:
                continue
            revision = correction.right_revision
        items.append(NewItem(item.story_id, revision, item.section, item.shown, item.follow_ids))
    return tuple(items)


def _new_delivery(
    desk: Desk, row: DeliveryRow, recipient: Recipient, items: tuple[NewItem, ...], sender: str
) -> NewDelivery:
    key = retry_key(row.key)
    return NewDelivery(
        key=key,
        message_id=message_id(key, sender, desk.signer),
        reader_id=recipient.reader_id,
        subscription_id=recipient.subscription_id,
        email=recipient.email,
        email_key=recipient.email_key,
        name=row.name,
        locale=row.locale,
        timezone=row.timezone,
        format=row.format.value,
        expires_at=row.expires_at,
        not_before_at=row.not_before_at,
        items=items,
    )


def _tell(
    desk: Desk,
    connection: Connection,
    correction: Correction,
    carriers: Sequence[Carrier],
    now: datetime,
) -> int:
    wanted = {(correction.story_id, correction.right_revision)}
    wanted |= {(correction.story_id, carrier.revision) for carrier in carriers}
    versions = stories_at_revision(connection, wanted)
    told = 0
    for carrier in carriers:
        delivery_id = send_notice(
            desk, connection, _notice(desk, connection, correction, carrier, versions), now=now
        )
        if delivery_id is not None:
            item = NewItem(
                correction.story_id, correction.right_revision, 0, "full", carrier.follow_ids
            )
            add_notice_item(connection, delivery_id, carrier.reader.id, item)
            told += 1
    return told


def _notice(
    desk: Desk,
    connection: Connection,
    correction: Correction,
    carrier: Carrier,
    versions: dict[tuple[int, int], Story],
) -> NewNotice:
    newsletter = find_newsletter(connection, carrier.newsletter)
    reader = carrier.reader
    wrong = versions[correction.story_id, carrier.revision]
    right = versions[correction.story_id, correction.right_revision]
    zone = zone_of(reader.timezone, newsletter.timezone)
    words: dict[str, Word] = {
        "title": wrong.title,
        "right_title": right.title,
        "note": correction.note,
        "sent_on": speech_of(reader.locale).day(in_zone(carrier.sent_at, zone)),
    }
    is_retraction = correction.kind is CorrectionKind.RETRACTION
    links: dict[str, Link] = {} if is_retraction else {"story": story_link(right)}
    return NewNotice.to(
        reader,
        Occasion.RETRACTION if is_retraction else Occasion.CORRECTION,
        correction.key_for(reader.id),
        newsletter=newsletter,
        subscription_id=carrier.subscription_id,
        words=words,
        links=links,
        thread=(*carrier.thread, carrier.message_id),
    )
