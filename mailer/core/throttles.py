"""What throttles speak of: how fast mail may leave, for whom it waits, and what came of it.

Rates are messages a second. A domain is what stands after the @ of a recipient, in ASCII.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from mailer.core.hygiene import clean_header
from mailer.errors import InputError

# Postfix's default_destination_concurrency_limit.
CONCURRENCY = 20
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_ENHANCED = re.compile(r"(?:\d{3}[ -])?4\.(\d{1,3})\.\d{1,3}(?!\S)")
# RFC 5321 section 4.2.3, and 454 of RFC 3207 and 4954.
_DEFERRALS = frozenset({421, 450, 451, 452, 454, 455})
_OWN_MATTERS = frozenset({"1", "2"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator sets: 0 is no limit. `domain_rates` are pairs of domain and rate.

    `concurrency` is how many messages to a domain may be on their way once it has asked us to
    slow down; one that never did has no such limit.
    """

    rate: float = 0.0
    domain_rates: tuple[tuple[str, float], ...] = ()
    concurrency: int = CONCURRENCY

    def rate_of(self, domain: str) -> float:
        """Return the rate set for a domain, 0 for none."""
        return dict(self.domain_rates).get(domain, 0.0)


class Verdict(IntEnum):
    """What an outcome says about the recipient's domain."""

    SLOW = -1
    SILENT = 0
    WELL = 1


class RelayVerdict(IntEnum):
    """What a window's outcomes say about the relay: it took none of them up, or it did its work."""

    FAILED = -1
    SILENT = 0
    WORKS = 1


@dataclass(frozen=True, slots=True)
class Permit:
    """An answer for each message asked about, in order.

    0: it may leave now. Above: its domain waits so many seconds. Below: not yet, ask again.
    `watched` when one of the domains or the relay is limited, so that good news matters too.
    `hold_seconds` is when asking again may help, `closed_seconds` how long the relay is left alone.
    """

    ticket: str
    waits: tuple[float, ...]
    hold_seconds: float = 0.0
    closed_seconds: float = 0.0
    watched: bool = False

    def wants(self, feedback: "Sequence[Feedback]", verdict: RelayVerdict) -> bool:
        """Tell whether a throttle would learn anything from this: mostly it would not."""
        bad = any(each.verdict is Verdict.SLOW for each in feedback)
        return self.watched or bad or verdict is RelayVerdict.FAILED


@dataclass(frozen=True, slots=True)
class Feedback:
    """What became of a message that had a permit; `reply` are the server's words."""

    domain: str
    verdict: Verdict
    reply: str = ""


@dataclass(frozen=True, slots=True)
class DomainState:
    """A domain that has asked us to slow down and has not yet recovered.

    `limit` messages may be on their way, `in_flight` are; none for `resting_seconds`.
    """

    domain: str
    limit: float
    in_flight: int
    resting_seconds: float
    rest_count: int
    reply: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Whether a relay may be tried: not for `closed_seconds`, or by one message when `probing`.

    `reply` is what it said, or did, when it last failed.
    """

    closed_seconds: float = 0.0
    probing: bool = False
    reply: str = ""


@dataclass(frozen=True, slots=True)
class RelayState:
    """A relay that took nothing up: it is left alone for `closed_seconds`, then tried by one."""

    relay: str
    closed_seconds: float
    failure_count: int
    reply: str = ""


def domain_of(recipient: str) -> str:
    """Return the domain of an address in its wire form."""
    return recipient.rpartition("@")[2].lower()


def judge_deferral(code: int, reply: str) -> Verdict:
    """Tell whether a 4xx is about the domain (too fast, greylisted, busy) or one mailbox alone.

    RFC 3463: x.1.x is about the address and x.2.x about the mailbox (full, disabled). Codes that
    no mail server says are a gateway's, and tell nothing of the domain behind it.
    """
    if code not in _DEFERRALS:
        return Verdict.SILENT
    enhanced = _ENHANCED.match(reply)
    own = enhanced is not None and enhanced[1] in _OWN_MATTERS
    return Verdict.SILENT if own else Verdict.SLOW


def read_domain_rates(text: str) -> tuple[tuple[str, float], ...]:
    """Read `example.org=5, example.net=0.5`; raises InputError."""
    rates = {}
    for part in text.split(","):
        if not part.strip():
            continue
        domain, equals, number = part.strip().lower().partition("=")
        try:
            rate = float(number)
        except ValueError:
            rate = -1.0
        if not (equals and _DOMAIN.fullmatch(domain.strip()) and 0 < rate < 1e6):
            raise InputError(
                f"'{clean_header(part, 60)}' is no rate of a domain: write it like example.org=5 "
                "(messages a second)"
            )
        rates[domain.strip()] = rate
    return tuple(rates.items())


def distinct(domains: Sequence[str]) -> list[str]:
    """Return each domain once, in the order they first come."""
    return list(dict.fromkeys(domains))
