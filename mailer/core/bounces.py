"""What came back: the kinds of bounces, what their codes mean, and when they suppress an address.

Sources: RFC 3463 and the IANA registry of enhanced status codes; RFC 3464 (DSN), RFC 5965 (ARF).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class BounceKind(StrEnum):
    """What a report says about a mail.

    HARD: the address will never work. SOFT: not this time. POLICY: refused for what we are or
    wrote, whoever the reader is. COMPLAINT: she called it spam. UNSUBSCRIBE: she told a mail
    service that she wants no more. DELAYED: still being tried. AUTO_REPLY: a machine answered for
    her. ORDINARY: none of these.
    """

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    DELAYED = "delayed"
    AUTO_REPLY = "auto-reply"
    ORDINARY = "ordinary"


# What says something about a reader's address; the others never count.
COUNTED = frozenset(
    {BounceKind.HARD, BounceKind.SOFT, BounceKind.COMPLAINT, BounceKind.UNSUBSCRIBE}
)


class Proof(StrEnum):
    """How we know that a report is about a mail of ours; NONE is recorded and does nothing."""

    ENVELOPE = "envelope"  # It came to the sealed address of one delivery.
    MESSAGE_ID = "message-id"  # It quotes the Message-ID of one delivery.
    SIGNED = "signed"  # A mail service we have a secret with signed it.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a report says of one recipient; texts are foreign, `recipient` may be anything."""

    kind: BounceKind
    recipient: str = ""
    status: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One message or notice, read.

    `evidence` names it: the same report has the same. `addresses` are all that may carry a sealed
    mark, `message_ids` all that may be of ours, with brackets; both as found, best first.
    """

    evidence: str
    finding: Finding
    reporter: str = ""
    addresses: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail that a mail service has brought to the reader's own server, by its notice."""

    addresses: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SoftRule:
    """So many mails that came back softly within so long suppress an address."""

    most: int = 5
    within: timedelta = timedelta(days=30)


_CODE = re.compile(r"(?<![\d.])#?([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_BASIC = re.compile(r"(?<![\d.])([45]\d\d)(?=[\s-])")
# 5.1.5 means a good address, 5.1.7 and 5.1.8 are the sender's.
_NOT_THE_READER = frozenset({5, 7, 8, 9})
_MAILBOX_FULL = re.compile(
    r"(over|exceed\w*|full|out of)\b.{0,40}\b(quota|storage|mailbox|space|limit)"
    r"|\b(quota|mailbox|inbox)\b.{0,30}\b(full|exceed|over)|insufficient (system )?storage",
    re.IGNORECASE,
)
_NO_SUCH_USER = re.compile(
    r"\b(no such|unknown|invalid|nonexistent|non-existent|bad|undeliverable) (e-?mail )?"
    r"(user|mailbox|recipient|address|addressee|account|local|destination mailbox)"
    r"|\b(user|mailbox|recipient|address|addressee|account|alias)\b.{0,80}"
    r"\b(unknown|not (be )?found|(does|did)(n't| not) exist|not exist|isn't|no longer|disabled|"
    r"deactivated|inactive|discontinued|not listed|not known|invalid)"
    r"|\bno mailbox here\b|\bdoes(n't| not) have an? \S+ account\b|\bnot a valid (mailbox|user)"
    r"|\bnot valid (mailbox|user)s?\b|\bdomain does(n't| not) exist\b"
    r"|\binvalid final delivery userid\b"
    r"|\b(adresse|utilisateur|bo[iî]te)\b.{0,80}\bn['’]existe (pas|plus)\b"
    r"|\b(direcci[oó]n|usuario|cuenta|buz[oó]n)\b.{0,80}\bno existe\b"
    r"|\b(indirizzo|utente|casella)\b.{0,80}\b(non esiste|inesistente|sconosciut[oa])\b"
    r"|\b(endere[cç]o|usu[aá]rio|conta)\b.{0,80}\b(n[aã]o existe|inexistente)\b"
    r"|\b(empf[aä]nger|adresse|benutzer|postfach)\b.{0,80}\b(unbekannt|existiert nicht)\b"
    r"|用户不存在|邮箱不存在|存在しません|존재하지 않는|не существует"
    r"|\bunrouteable address\b|\bno longer (works|employed|in use|valid|available)",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"\bspam|\bblack ?list|\bblock ?list|\bblocked\b|\brbl\b|\bdnsbl\b|reputation|\bpolicy\b"
    r"|\bdmarc\b|\bdkim\b|\bspf\b|authenticat|\bunsolicited|\bvirus|\bbanned"
    r"|\brelay(?!=)|rate limit"
    r"|\bcontent (rejected|filter)|\bsender (address|verif|domain|denied)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"<[^>]*>|\S+@\S+")


def status_in(text: str) -> str:
    """Return the most telling enhanced code in a text ("5.1.1"), or ""."""
    found = [match.group().lstrip("#") for match in _CODE.finditer(text)]
    telling = [code for code in found if not code.endswith(".0.0")]
    return (telling or found or [""])[0]


def judge_failure(status: str, diagnostic: str) -> BounceKind:
    """Say what kind of failure a final report means, from its code and the server's words.

    The server's own words name a code more precisely than the report around them, which often
    says 5.0.0. A reader suppressed by mistake hears nothing ever again; one missed costs one more
    bounce: so only what is clear is hard.
    """
    words = _ADDRESS.sub("", diagnostic)
    said = status_in(words)
    code = said if said and not said.endswith(".0.0") else status or said
    match = _CODE.search(code)
    blamed = _POLICY.search(words) is not None
    nobody = _NO_SUCH_USER.search(words) is not None
    if match is None or code.endswith(".0.0"):
        basic = _BASIC.search(words)
        temporary = code.startswith("4") or (not code and basic is not None and basic[1][0] == "4")
        return _by_words(words, temporary=temporary, nobody=nobody, blamed=blamed)
    family, subject, detail = (int(part) for part in match.groups())
    if subject in (3, 5, 6, 7):
        # "Unknown address" with 5.3.0 or 5.7.1 is how some gateways say 5.1.1.
        return BounceKind.HARD if family == 5 and nobody and not blamed else BounceKind.POLICY
    if family == 4 or subject == 4:
        return BounceKind.SOFT
    if (subject == 1 and detail not in _NOT_THE_READER) or (subject, detail) == (2, 1):
        return BounceKind.POLICY if blamed and not nobody else BounceKind.HARD
    if subject == 1:
        return BounceKind.POLICY
    return _by_words(words, temporary=False, nobody=nobody, blamed=blamed)


def _by_words(words: str, *, temporary: bool, nobody: bool, blamed: bool) -> BounceKind:
    if temporary or _MAILBOX_FULL.search(words):
        return BounceKind.SOFT
    if nobody:
        return BounceKind.POLICY if blamed and "unknown" not in words.lower() else BounceKind.HARD
    return BounceKind.POLICY if blamed else BounceKind.SOFT


_MILDEST = (
    BounceKind.ORDINARY,
    BounceKind.DELAYED,
    BounceKind.POLICY,
    BounceKind.SOFT,
    BounceKind.HARD,
)


def mildest(findings: Sequence[Finding]) -> Finding:
    """Return the mildest finding: an address that stands for several works while one of them does.

    Raises ValueError without findings.
    """
    return min(findings, key=lambda finding: _MILDEST.index(finding.kind))
