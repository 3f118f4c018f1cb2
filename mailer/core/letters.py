"""A letter: everything one mail is made of, before a template sees it."""

from dataclasses import dataclass
from datetime import datetime

from mailer.core.digests import Section
from mailer.core.readers import Cadence, MailFormat, Newsletter


@dataclass(frozen=True, slots=True)
class Letter:
    """One digest or alert to one reader.

    `key` names the delivery and so the Message-ID and the boundaries; `as_of` is the moment the
    run looked at and becomes the Date. Equal letters render to equal bytes (I6).
    """

    key: str
    message_id: str
    newsletter: Newsletter
    cadence: Cadence
    as_of: datetime
    reader_id: int
    subscription_id: int
    email: str
    name: str
    locale: str
    timezone: str
    format: MailFormat
    sections: tuple[Section, ...]
