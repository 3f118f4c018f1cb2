"""Send a notice: one mail of its own occasion, queued in the transaction that makes it due."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from mailer.core.addresses import Address, read_address
from mailer.core.notices import RULES, Link, Notice, Occasion, Told, Word
from mailer.core.readers import MailFormat, Newsletter, Reader
from mailer.flows.desk import Desk
from mailer.flows.write_letters import message_id
from mailer.render.notice_message import sender_of
from mailer.store.database import Connection
from mailer.store.ledger_notices import QueuedNotice, add_notice
from mailer.store.reader_records import recall_suppression


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice to be sent.

    `key` makes it one: `confirm:<subscription>:<nonce>`. With a `subscription_id` it is withheld
    once that subscription has ended. `words` and `links` are what its template asks for.
    """

    occasion: Occasion
    key: str
    address: Address
    locale: str = "en"
    timezone: str = "UTC"
    format: MailFormat = MailFormat.HTML
    name: str = ""
    reader_id: int | None = None
    subscription_id: int | None = None
    newsletter: Newsletter | None = None
    words: dict[str, Word] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    thread: tuple[str, ...] = ()

    @classmethod
    def to(
        cls,
        reader: Reader,
        occasion: Occasion,
        key: str,
        *,
        newsletter: Newsletter | None = None,
        subscription_id: int | None = None,
        words: dict[str, Word] | None = None,
        links: dict[str, Link] | None = None,
        thread: tuple[str, ...] = (),
    ) -> Self:
        """A notice to a reader, at her address, in her language and format."""
        return cls(
            occasion=occasion,
            key=key,
            address=read_address(reader.email),
            locale=reader.locale,
            timezone=reader.timezone,
            format=reader.format,
            name=reader.name,
            reader_id=reader.id,
            subscription_id=subscription_id,
            newsletter=newsletter,
            words=words or {},
            links=links or {},
            thread=thread,
        )


def send_notice(
    desk: Desk,
    connection: Connection,
    new: NewNotice,
    *,
    now: datetime,
    not_before_at: datetime | None = None,
) -> int | None:
    """Queue a notice and return its delivery's id; None when its key stands in the ledger already.

    Nothing is sent here: after the commit ring `Bell.ring_notice`. Whether she may get it is asked
    when it leaves, not now (store.consent).
    """
    recall_suppression(connection, new.address.key, desk.signer.keyed_hashes(new.address.key))
    due_at = not_before_at or now
    sender = sender_of(new.newsletter, desk.site)
    notice = Notice(
        occasion=new.occasion,
        key=new.key,
        message_id=message_id(new.key, sender.address, desk.signer),
        newsletter=new.newsletter,
        as_of=now,
        reader_id=new.reader_id,
        subscription_id=new.subscription_id,
        email=new.address.shown,
        name=new.name,
        locale=new.locale,
        timezone=new.timezone,
        format=new.format,
        told=Told(new.words, new.links),
        thread=new.thread,
    )
    expires_at = due_at + RULES[new.occasion].life
    return add_notice(connection, QueuedNotice(notice, new.address.key, due_at, expires_at))
