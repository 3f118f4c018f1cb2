"""Plan an operator's letter: who of a shard gets it, in the shard's transaction."""

import hashlib
from datetime import datetime

from mailer.core.audiences import Audience
from mailer.core.clocks import out_of_quiet
from mailer.core.deliveries import digest_key, life_of
from mailer.core.locales import pick_locale
from mailer.core.notices import Occasion
from mailer.core.readers import Cadence, Follower, Newsletter
from mailer.core.runs import Run, add_hashes
from mailer.flows.desk import Desk
from mailer.flows.write_letters import message_id
from mailer.render.speech import is_spoken
from mailer.store.adhoc_letters import letter_of_run
from mailer.store.database import Connection
from mailer.store.followers import Asking, read_followers
from mailer.store.ledger_plan import NewDelivery, add_planned
from mailer.store.newsletters import find_newsletter
from mailer.store.run_shards import Shard, finish_shard
from mailer.store.tags import read_vocabulary


def whom_to_ask(newsletter: Newsletter, as_of: datetime) -> Asking:
    """Return who is asked whether a letter is for them: readers of any cadence, none who pauses."""
    return Asking(newsletter.id, Cadence.LETTER, as_of, urgent=True)


class LetterPlanner:
    """Plans the shards of one run that carries a letter."""

    def __init__(self, desk: Desk, connection: Connection, run: Run) -> None:
        self._desk = desk
        self._run = run
        self._newsletter = find_newsletter(connection, run.newsletter)
        self._text = letter_of_run(connection, run.id).text
        self._audience = Audience(self._text.expression, read_vocabulary(connection))
        self._asking = whom_to_ask(self._newsletter, run.as_of)
        self._spoken = [name for name in self._newsletter.locales if is_spoken(name)]

    def plan(self, connection: Connection, shard: Shard, now: datetime) -> None:
        """Queue the letter to those of the shard whom it is for; the others stand in its count."""
        followers = read_followers(
            connection,
            self._asking,
            after_reader_id=shard.after_reader_id,
            to_reader_id=shard.to_reader_id,
            lock=True,
        )
        meant = [follower for follower in followers if self._audience.has(follower)]
        planned = [self._new_delivery(follower, now) for follower in meant]
        finish_shard(
            connection,
            shard,
            now=now,
            planned_count=add_planned(connection, shard.run_id, planned, now),
            nothing_new_count=len(followers) - len(meant),
            dead_follow_count=0,
            plan_hash=add_hashes(*(self._hash(follower.reader.email) for follower in meant)),
        )

    def _new_delivery(self, follower: Follower, now: datetime) -> NewDelivery:
        reader = follower.reader
        key = digest_key(Occasion.LETTER, self._run.slot_key, reader.id)
        not_before_at = now
        if reader.quiet is not None:
            not_before_at = out_of_quiet(now, reader.timezone, reader.quiet)
        return NewDelivery(
            key=key,
            message_id=message_id(key, self._newsletter.sender_address, self._desk.signer),
            reader_id=reader.id,
            subscription_id=follower.subscription_id,
            email=reader.email,
            email_key=reader.email_key,
            name=reader.name,
            locale=pick_locale(reader.locale, self._spoken),
            timezone=reader.timezone,
            format=reader.format.value,
            # The time it waits for her to wake is not taken from its life.
            expires_at=not_before_at + life_of(self._run.cadence),
            not_before_at=not_before_at,
            items=(),
            occasion=Occasion.LETTER,
        )

    def _hash(self, email: str) -> int:
        content = f"{email}\n{self._text.fingerprint}".encode()
        return int.from_bytes(hashlib.sha256(content).digest()[:16], "big")
