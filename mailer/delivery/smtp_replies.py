"""What an SMTP reply means for a message: the table of outcomes by phase and code.

Sources: RFC 5321 sections 4.2 and 4.5.3.1.10, RFC 3463 (enhanced codes), RFC 1870 (SIZE),
RFC 4954 (AUTH), RFC 6531 (SMTPUTF8).
"""

import re
from dataclasses import dataclass
from enum import Enum

from mailer.core.hygiene import clean_header
from mailer.ports import Accepted, Deferred, Misconfigured, Outcome, Refused

_LONGEST_REPLY = 500  # 512 with code and line end: RFC 5321 section 4.5.3.1.5.


class Phase(Enum):
    """Where the conversation stands when a reply comes: its name, and the classes to go on with."""

    GREETING = ("greeting", "2")
    EHLO = ("EHLO", "2")
    STARTTLS = ("STARTTLS", "2")
    AUTH = ("AUTH", "23")
    RSET = ("RSET", "2")
    MAIL = ("MAIL FROM", "2")
    RCPT = ("RCPT TO", "2")
    DATA = ("DATA", "3")
    BODY = ("end of data", "2")
    QUIT = ("QUIT", "2")

    def __init__(self, label: str, goes_on: str) -> None:
        self.label = label  # As an operator would name it.
        self.expected = frozenset(int(digit) for digit in goes_on + "45")

    def expects(self, code: int) -> bool:
        """Tell whether a reply of this code makes sense here: go on, or a refusal."""
        return code // 100 in self.expected


_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\S)")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply as it came: `lines` are joined by LF, without their codes.

    Most replies only say go on: what is written in them is read when somebody asks.
    """

    code: int
    lines: bytes

    @property
    def refuses(self) -> bool:
        """True for the classes 4 and 5."""
        return self.code >= 400

    @property
    def text(self) -> str:
        """All of it, safe for one line."""
        return clean_header(self.lines.decode("utf-8", "replace"), _LONGEST_REPLY)

    @property
    def last_line(self) -> str:
        """Its last line, where servers name what they have queued."""
        last = self.lines.rpartition(b"\n")[2]
        return clean_header(last.decode("utf-8", "replace"), _LONGEST_REPLY)

    @property
    def enhanced(self) -> tuple[int, int, int] | None:
        """The code of RFC 3463, as (5, 1, 1); one of another class than the reply's is ignored.

        RFC 2034 forbids that.
        """
        match = _ENHANCED.match(self.lines.decode("utf-8", "replace"))
        if match is None or int(match[1]) != self.code // 100:
            return None
        return int(match[1]), int(match[2]), int(match[3])


_TOO_LARGE = {(5, 3, 4), (5, 2, 3)}
# 5.1.7 and 5.1.8 are the sender's address: RFC 3463 section 3.2. 5.1.5 means a good one.
_NOT_THE_READER = {5, 7, 8, 9}
_NEEDS_LOGIN = {530, 534, 535, 538}
_OUT_OF_ORDER = {500, 502, 503}
# Servers quote the address, and relay@example.org is a reader too.
_ADDRESS = re.compile(r"<[^>]*>|\S+@\S+")
_OUR_FAULT = re.compile(r"\brelay|rcpthosts|authenticat|\bsender (address|verif)", re.IGNORECASE)
_NO_SUCH_USER = re.compile(
    r"\b(no such|unknown|invalid|nonexistent|non-existent) (user|mailbox|recipient|address|local)"
    r"|\b(user|mailbox|recipient|address|account)\b.{0,80}\b(unknown|not found|does(n't| not) exist"
    r"|not exist|no longer|disabled)",
    re.IGNORECASE,
)


def judge(phase: Phase, reply: Reply) -> Outcome | None:
    """Turn a reply that `phase` expects into an outcome; None means go on with the next command.

    Before RCPT nobody has judged the reader: a refusal there is ours or the relay's. From RCPT on
    4xx counts as an attempt and 5xx is final, unless its enhanced code or text blames the sender.
    """
    if reply.code < 400:
        return Accepted(reply.code, reply.last_line) if phase is Phase.BODY else None
    judged = phase in (Phase.RCPT, Phase.DATA, Phase.BODY)
    if reply.code < 500:
        return Deferred(reply.code, reply.text, counts=judged)
    if judged or phase is Phase.MAIL:
        return _judge_final(phase, reply)
    return Misconfigured(reply.code, reply.text)


def _judge_final(phase: Phase, reply: Reply) -> Outcome:
    """Judge a 5xx of a transaction. At MAIL it can only be the size, the form, or our fault."""
    code, text = reply.code, reply.text
    if reply.enhanced in _TOO_LARGE or _subject(reply) == 6:
        return Refused(code, text)
    if _blames_us(phase, reply):
        return Misconfigured(code, text)
    if code == 552:
        # RFC 5321 section 4.5.3.1.10: to be treated as 452.
        return Deferred(code, text)
    if phase is Phase.MAIL:
        return Misconfigured(code, text)
    return Refused(code, text, suppress=phase is Phase.RCPT and _address_is_bad(reply))


def _subject(reply: Reply) -> int | None:
    return reply.enhanced[1] if reply.enhanced else None


def _blames_us(phase: Phase, reply: Reply) -> bool:
    """Tell whether a 5xx is about the sender, the relay or a policy, whoever the reader is."""
    if reply.code in _NEEDS_LOGIN or _subject(reply) in (3, 7):
        return True
    if reply.enhanced in ((5, 1, 7), (5, 1, 8)):
        return True
    if reply.code in _OUT_OF_ORDER and phase is not Phase.BODY:
        return True
    vague = reply.enhanced in (None, (5, 0, 0), (5, 1, 0))
    return vague and _OUR_FAULT.search(_ADDRESS.sub("", reply.text)) is not None


def _address_is_bad(reply: Reply) -> bool:
    """Tell whether a 5xx at RCPT says that the address itself will never work.

    A 550 without an enhanced code covers policy as much as unknown users. A reader suppressed by
    mistake hears nothing ever again, one missed costs one more refusal: so only clear words count.
    """
    if reply.enhanced in (None, (5, 0, 0)):
        return _NO_SUCH_USER.search(_ADDRESS.sub("", reply.text)) is not None
    if reply.enhanced == (5, 2, 1):
        return True
    return _subject(reply) == 1 and reply.enhanced[2] not in _NOT_THE_READER
