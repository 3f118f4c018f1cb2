"""Send a story to a friend, within limits: S22.

Nothing the sender writes reaches the stranger but her address. Each address gets one such mail a
day and three a month, from all senders together, and can refuse all mail with one click.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from secrets import token_hex

from mailer.core.addresses import Address
from mailer.core.limits import Limit, host_of, network_of
from mailer.core.notices import Link, Occasion
from mailer.core.stories import Story
from mailer.core.tokens import Purpose
from mailer.errors import NotFoundError
from mailer.flows.desk import Desk
from mailer.flows.send_notice import NewNotice, send_notice
from mailer.render.links import story_link
from mailer.store.database import Database
from mailer.store.ledger_notices import address_of_notice
from mailer.store.limits import forget_full, take
from mailer.store.readers import suppress

PER_HOST = Limit("friend-host", 5, timedelta(minutes=30))
PER_NETWORK = Limit("friend-network", 30, timedelta(minutes=5))
PER_DOMAIN = Limit("friend-domain", 50, timedelta(seconds=30))
PER_RECIPIENT = Limit("friend-recipient", 1, timedelta(hours=24))
PER_RECIPIENT_MONTH = Limit("friend-recipient-month", 3, timedelta(days=10))


class Answer(StrEnum):
    """TAKEN says nothing about the recipient; TOO_MANY is about the sender."""

    TAKEN = "taken"
    TOO_MANY = "too many"


def send_to_friend(
    desk: Desk, story: Story, recipient: Address, *, locale: str, client: str, now: datetime
) -> Answer:
    """Queue the story's mail unless the recipient had enough, which nobody is told."""
    subject = desk.signer.keyed_hash
    with desk.database.write() as connection:
        forget_full(connection, now)
        mine = [
            (PER_HOST, subject(host_of(client))),
            (PER_NETWORK, subject(network_of(client))),
            (PER_DOMAIN, subject(recipient.key.rpartition("@")[2])),
        ]
        if take(connection, mine, now) is not None:
            return Answer.TOO_MANY
        hers = [
            (PER_RECIPIENT, subject(recipient.key)),
            (PER_RECIPIENT_MONTH, subject(recipient.key)),
        ]
        if take(connection, hers, now) is None:
            key = f"friend:{token_hex(8)}"
            notice = NewNotice(
                occasion=Occasion.STORY_FROM_FRIEND,
                key=key,
                address=recipient,
                locale=locale,
                words={
                    "title": story.title,
                    "summary": story.summary,
                },
                links={
                    "story": story_link(story),
                    "block": Link.signed(Purpose.BLOCK, key),
                },
            )
            send_notice(desk, connection, notice, now=now)
    return Answer.TAKEN


def block_mails(database: Database, notice_key: str, *, now: datetime) -> None:
    """Suppress the address a notice went to; again is no change. Raises NotFoundError."""
    with database.write() as connection:
        email_key = address_of_notice(connection, notice_key)
        if email_key is None:
            raise NotFoundError("no such mail")
        suppress(connection, email_key, "asked to get nothing", f"by the link of {notice_key}", now)
