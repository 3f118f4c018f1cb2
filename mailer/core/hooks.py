"""Hooks: how mail services tell us of bounces, and what makes us believe them.

Each service proves itself in its own way; what none of them proves is refused with a reason.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from mailer.core.bounces import Arrival, Report

# Clocks differ; more than this into the future no clock of a mail service is off.
_SLACK = timedelta(minutes=5)


class Provider(StrEnum):
    """The mail services whose notices we read; each has its hook at `/hooks/{provider}`."""

    SES = "ses"
    POSTMARK = "postmark"
    SENDGRID = "sendgrid"
    MAILGUN = "mailgun"


class Refusal(StrEnum):
    """Why a call of a hook is not believed."""

    NOT_SET_UP = "this hook is not set up"
    UNSIGNED = "it carries no signature, or no password"
    FORGED = "its signature, or its password, is not right"
    STALE = "it is too old, or of the future"
    REPLAYED = "its token was used for another notice"
    FOREIGN = "it is of a topic that is not on the list"
    UNREADABLE = "it cannot be read"


@dataclass(frozen=True, slots=True)
class HookSecrets:
    """What proves a notice, by mail service; a service without any is not listened to.

    `ses_topics` are ARNs; `ses_certificate` is a pinned one (PEM), without it certificates are
    fetched from Amazon. `postmark` is `user:password`, `sendgrid_keys` are public keys (base64 of
    DER), `mailgun_keys` signing keys. A signed moment may be `max_age` old.
    """

    ses_topics: tuple[str, ...] = ()
    ses_certificate: str = field(default="", repr=False)
    postmark: tuple[str, ...] = field(default=(), repr=False)
    sendgrid_keys: tuple[str, ...] = ()
    mailgun_keys: tuple[str, ...] = field(default=(), repr=False)
    # 60: Amazon SNS tries for at most 3,600 s, and signs only once.
    max_age: timedelta = timedelta(minutes=60)

    def listens_to(self, provider: Provider) -> bool:
        """Say whether a service has what proves its notices."""
        return bool(
            {
                Provider.SES: self.ses_topics,
                Provider.POSTMARK: self.postmark,
                Provider.SENDGRID: self.sendgrid_keys,
                Provider.MAILGUN: self.mailgun_keys,
            }[provider]
        )

    def is_fresh(self, signed_at: datetime | None, now: datetime) -> bool:
        """Say whether a signed moment is near enough to now; None is not."""
        return signed_at is not None and -_SLACK <= now - signed_at <= self.max_age


@dataclass(frozen=True, slots=True)
class HookCall:
    """One request to a hook. Header names are in lower case; `client` is who sent it.

    `password` is what stood in the address instead of a header.
    """

    provider: Provider
    body: bytes
    headers: dict[str, str]
    client: str
    password: str = ""


@dataclass(frozen=True, slots=True)
class Notices:
    """What a believed call tells.

    `token` names a call whose signature does not cover its body: only once, or the same again.
    `confirm_url` is to be fetched to confirm a subscription of `topic`. `ignored_count` counts
    events that say nothing to us: opens, clicks, shapes we do not know.
    """

    reports: tuple[Report, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    ignored_count: int = 0
    token: str = ""
    confirm_url: str = ""
    topic: str = ""


def moment_of(seconds: object) -> datetime | None:
    """Return the instant of a number of seconds since 1970, as services sign it; None of others."""
    text = str(seconds) if isinstance(seconds, str | int) and not isinstance(seconds, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (OverflowError, OSError, ValueError):
        return None
