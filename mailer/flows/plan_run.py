"""Plan a run: shard by shard, each shard in one transaction."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from mailer.core.clocks import out_of_quiet
from mailer.core.deliveries import life_of
from mailer.core.digests import Digest, Why
from mailer.core.readers import Cadence
from mailer.core.runs import PlannedMail, RunState, add_hashes, mail_hash
from mailer.core.schedules import read_lane
from mailer.errors import RenderError
from mailer.flows.check_templates import check_templates
from mailer.flows.composer import Composer
from mailer.flows.desk import Desk
from mailer.flows.plan_letter import LetterPlanner
from mailer.flows.write_letters import message_id
from mailer.store.database import Connection
from mailer.store.followers import advance_cursors, read_followers
from mailer.store.ledger_plan import (
    NewDelivery,
    NewItem,
    NewOmission,
    add_omissions,
    add_planned,
)
from mailer.store.newsletters import find_newsletter
from mailer.store.run_shards import Shard, finish_shard, start_sending, take_shard
from mailer.store.runs import find_run, finish_run, move_run

_Planner = Callable[[Connection, Shard, datetime], None]


def plan_run(desk: Desk, run_id: int, *, now: datetime) -> int:
    """Plan what is left of a run and return how many shards this call planned.

    Several workers may plan one run: each takes shards nobody holds. A worker that dies leaves
    its shard as it was. When the last shard is planned the run starts sending. A run whose template
    is broken is paused with the reason, before anyone is mailed.
    """
    try:
        return _plan_shards(desk, run_id, now)
    except RenderError as error:
        with desk.database.write() as connection:
            move_run(
                connection,
                run_id,
                to=RunState.PAUSED,
                of=[RunState.PLANNING],
                reason=f"cannot be planned: {error}; then resume the run",
            )
        return 0


def _plan_shards(desk: Desk, run_id: int, now: datetime) -> int:
    plan: _Planner | None = None
    done = 0
    while True:
        with desk.database.write() as connection:
            shard = take_shard(connection, run_id)
            if shard is None:
                start_sending(connection, run_id)
                finish_run(connection, run_id, now)
                return done
            if plan is None:
                plan = _planner(desk, connection, run_id)
            with _collecting_later():
                plan(connection, shard, now)
            done += 1


def _planner(desk: Desk, connection: Connection, run_id: int) -> _Planner:
    """Return what plans a shard of this run, and keeps what is the same for all of them."""
    run = find_run(connection, run_id)
    if run.cadence is Cadence.LETTER:
        return LetterPlanner(desk, connection, run).plan
    newsletter = find_newsletter(connection, run.newsletter)
    check_templates(desk, newsletter, run.cadence)
    composer = Composer(
        desk,
        connection,
        newsletter,
        run.cadence,
        as_of=run.as_of,
        lane=read_lane(run.zone) if run.zone else None,
    )
    return partial(_plan_shard, desk, composer)


@contextmanager
def _collecting_later() -> Iterator[None]:
    """Let the collector of cycles look once a shard, not a hundred times while it is built.

    What a shard makes has no cycles and goes by itself; going through it again and again took a
    fifth of the planner's processor time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _plan_shard(
    desk: Desk, composer: Composer, connection: Connection, shard: Shard, now: datetime
) -> None:
    followers = read_followers(
        connection,
        composer.asking,
        after_reader_id=shard.after_reader_id,
        to_reader_id=shard.to_reader_id,
        lock=True,
    )
    mails = composer.compose_mails(connection, followers)
    planned = [
        _new_delivery(desk, composer, mail, now)
        for mail in mails
        if mail.composition.digest is not None
    ]
    planned_count = add_planned(connection, shard.run_id, planned, now)
    add_omissions(
        connection,
        shard.run_id,
        [
            NewOmission(mail.follower.reader.id, item.story_id, item.why.value, item.detail)
            for mail in mails
            for item in mail.composition.omissions
            # What she has already stands in the ledger as it is.
            if item.why is not Why.GIVEN
        ],
    )
    answered = [
        follow.id
        for mail in mails
        for follow in mail.follower.follows
        if follow.cadence is composer.cadence and follow.id not in mail.dead_follow_ids
    ]
    advance_cursors(connection, answered, composer.as_of)
    finish_shard(
        connection,
        shard,
        now=now,
        planned_count=planned_count,
        nothing_new_count=sum(_was_asked_in_vain(mail, composer.cadence) for mail in mails),
        dead_follow_count=sum(len(mail.dead_follow_ids) for mail in mails),
        plan_hash=add_hashes(*map(mail_hash, mails)),
    )


def _was_asked_in_vain(mail: PlannedMail, cadence: Cadence) -> bool:
    """Readers who are asked for urgent stories alone do not count."""
    follows = mail.follower.follows
    return mail.composition.digest is None and any(f.cadence is cadence for f in follows)


def _new_delivery(desk: Desk, composer: Composer, mail: PlannedMail, now: datetime) -> NewDelivery:
    reader = mail.follower.reader
    not_before_at = now
    if composer.cadence is Cadence.INSTANT and reader.quiet is not None:
        not_before_at = out_of_quiet(now, reader.timezone, reader.quiet)
    return NewDelivery(
        key=mail.key,
        message_id=message_id(mail.key, composer.newsletter.sender_address, desk.signer),
        reader_id=reader.id,
        subscription_id=mail.follower.subscription_id,
        email=reader.email,
        email_key=reader.email_key,
        name=reader.name,
        locale=composer.locale_of(mail.follower),
        timezone=reader.timezone,
        format=reader.format.value,
        # The time it waits for her to wake is not taken from its life.
        expires_at=not_before_at + life_of(composer.cadence),
        not_before_at=not_before_at,
        items=tuple(_new_items(mail.composition.digest)),
    )


def _new_items(digest: Digest | None) -> Iterator[NewItem]:
    for number, section in enumerate(digest.sections if digest is not None else ()):
        own = (section.follow_id,)
        for item in section.items:
            story, shown, reasons = item
            # One reason, the section's own, is by far the most common.
            ids = own if len(reasons) == 1 else tuple([reason.follow_id for reason in reasons])
            yield NewItem(story.id, story.revision, number, shown.value, ids)
