"""The table of outcomes: replies as servers write them, and what each means for the message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.smtp_replies import Phase, Reply, judge
from mailer.ports import Accepted, Deferred, Misconfigured, Outcome, Refused

_EARLY = (Phase.GREETING, Phase.EHLO, Phase.STARTTLS, Phase.AUTH, Phase.RSET)
_LATE = (Phase.RCPT, Phase.DATA, Phase.BODY)

SUPPRESSED = "refused, address suppressed"
REFUSED = "refused"
OURS = "misconfigured"
COUNTED = "deferred, counted"
UNCOUNTED = "deferred, not counted"


def _judged(phase: Phase, line: str) -> Outcome | None:
    code, _, text = line.partition(" ")
    return judge(phase, Reply(int(code), text.encode()))


def _word(outcome: Outcome | None) -> str:
    match outcome:
        case Refused(suppress=suppress):
            return SUPPRESSED if suppress else REFUSED
        case Deferred(counts=counts):
            return COUNTED if counts else UNCOUNTED
        case Misconfigured():
            return OURS
    return str(outcome)


@pytest.mark.parametrize(
    ("line", "at_rcpt"),
    [
        ("550 5.1.1 <x@y.test>: Recipient address rejected: User unknown", SUPPRESSED),
        ("550 5.1.2 Host unknown", SUPPRESSED),
        ("553 5.1.3 Bad recipient address syntax", SUPPRESSED),
        ("551 5.1.6 User has moved", SUPPRESSED),
        ("556 5.1.10 Recipient address has null MX", SUPPRESSED),
        ("550 5.1.0 Address rejected", SUPPRESSED),
        ("550 5.2.1 The email account that you tried to reach is disabled", SUPPRESSED),
        ("550 Requested action not taken: mailbox unavailable", REFUSED),
        ("550 No such user here", SUPPRESSED),
        ("550 <nobody@y.test>: User unknown in virtual alias table", SUPPRESSED),
        ("550 5.0.0 Mailbox does not exist", SUPPRESSED),
        ("550 unknown user", SUPPRESSED),
        ("550 <user.unknown@y.test>: rejected for policy reasons", REFUSED),
        ("550 Administrative prohibition", REFUSED),
        ("550 4.1.1 User unknown", SUPPRESSED),
        ("554 4.1.1 class of another reply", REFUSED),
        ("550 5.2.0 mail rejected", REFUSED),
        ("550 5.2.2 mailbox full", REFUSED),
        ("550 5.4.1 Recipient address rejected: Access denied", REFUSED),
        ("504 5.5.2 <x>: Recipient address rejected: need fully-qualified address", REFUSED),
        ("501 Syntax error in parameters", REFUSED),
        ("554 5.6.0 Message content rejected", REFUSED),
        ("550 5.6.7 SMTPUTF8 not supported by next hop", REFUSED),
        ("552 5.3.4 Message size exceeds fixed limit", REFUSED),
        ("552 5.2.3 Message length exceeds administrative limit", REFUSED),
        ("552 5.2.2 Mailbox full", COUNTED),
        ("552 Too many recipients", COUNTED),
        ("452 4.5.3 Too many recipients", COUNTED),
        ("450 4.2.0 Greylisted", COUNTED),
        ("451 4.7.1 Try again later", COUNTED),
        ("550 5.1.8 <b@n.test>: Sender address rejected: Domain not found", OURS),
        ("553 5.1.7 Bad sender address", OURS),
        ("550 Sender verify failed", OURS),
        ("550 5.1.0 <b@n.test>: Sender address rejected", OURS),
        ("554 5.7.1 <x@y.test>: Relay access denied", OURS),
        ("550 5.7.26 This mail is unauthenticated", OURS),
        ("550 5.7.515 Access denied", OURS),
        ("552 5.7.0 Content presents a security issue", OURS),
        ("550 5.3.0 rewrite: map lookup failed", OURS),
        ("550 relay not permitted", OURS),
        ("550 we do not allow relaying", OURS),
        ("550 <relay@y.test>: blocked by its owner", REFUSED),
        ("553 sorry, that domain isn't in my list of allowed rcpthosts", OURS),
        ("530 Authentication required", OURS),
        ("550 Authentication is required for relay", OURS),
        ("503 5.5.1 Error: need MAIL command", OURS),
        ("502 not implemented", OURS),
        ("500 unrecognised command", OURS),
    ],
)
def test_a_refusal_at_rcpt(line: str, at_rcpt: str) -> None:
    assert _word(_judged(Phase.RCPT, line)) == at_rcpt


@pytest.mark.parametrize(
    ("line", "after_the_body"),
    [
        ("550 5.1.1 User unknown", REFUSED),
        ("550 No such user here", REFUSED),
        ("554 Transaction failed", REFUSED),
        ("500 Line too long", REFUSED),
        ("550 5.7.1 Message rejected as spam", OURS),
        ("554 5.3.0 no space", OURS),
        ("552 Quota exceeded", COUNTED),
        ("552 5.3.4 too large", REFUSED),
        ("421 4.7.0 unusual rate", COUNTED),
        ("451 4.3.0 queue file write error", COUNTED),
    ],
)
def test_a_refusal_after_the_body_suppresses_nobody(line: str, after_the_body: str) -> None:
    assert _word(_judged(Phase.BODY, line)) == after_the_body


@pytest.mark.parametrize(
    ("line", "at_mail"),
    [
        ("550 5.1.8 Sender address rejected", OURS),
        ("550 5.1.1 odd", OURS),
        ("501 Syntax", OURS),
        ("555 SIZE not understood", OURS),
        ("530 5.7.0 Must issue a STARTTLS command first", OURS),
        ("552 5.3.4 Message size exceeds fixed limit", REFUSED),
        ("552 Message exceeds fixed maximum message size", COUNTED),
        ("550 5.6.7 SMTPUTF8 needed", REFUSED),
        ("452 4.3.1 Insufficient system storage", UNCOUNTED),
        ("451 4.3.0 busy", UNCOUNTED),
    ],
)
def test_a_refusal_at_mail_is_ours_or_about_the_message(line: str, at_mail: str) -> None:
    assert _word(_judged(Phase.MAIL, line)) == at_mail


@pytest.mark.parametrize("phase", _EARLY)
@pytest.mark.parametrize(
    "line", ["550 5.1.1 User unknown", "535 5.7.8 no", "552 5.2.2 full", "554 x"]
)
def test_a_permanent_refusal_before_mail_is_always_ours(phase: Phase, line: str) -> None:
    assert _word(_judged(phase, line)) == OURS


_CODES = st.integers(400, 599)
_TEXTS = st.text(max_size=60) | st.from_regex(r"[245]\.[0-9]\.[0-9]{1,2} .{0,40}", fullmatch=True)


@given(_CODES, _TEXTS)
def test_only_rcpt_can_suppress_and_only_by_a_5xx(code: int, text: str) -> None:
    for phase in Phase:
        outcome = _judged(phase, f"{code} {text}")
        assert isinstance(outcome, Refused | Deferred | Misconfigured)
        if _word(outcome) == SUPPRESSED:
            assert phase is Phase.RCPT
            assert code >= 500
        if phase in _EARLY:
            assert _word(outcome) == (OURS if code >= 500 else UNCOUNTED)
        if code < 500 and phase in _LATE:
            assert _word(outcome) == COUNTED


@given(st.integers(200, 299), _TEXTS)
def test_only_the_last_2xx_accepts(code: int, text: str) -> None:
    for phase in Phase:
        assert isinstance(_judged(phase, f"{code} {text}"), Accepted | None)
        assert (_judged(phase, f"{code} {text}") is not None) == (phase is Phase.BODY)


def test_a_reply_is_one_clean_line_of_bounded_length() -> None:
    reply = Reply(550, b"5.1.1 no\x1b[2J\n5.1.1 such\r user\xff\n5.1.1 " + b"x" * 900)
    assert reply.text.startswith("5.1.1 no[2J 5.1.1 such user� 5.1.1 xxx")
    assert len(reply.text) == 500
    assert reply.last_line.startswith("5.1.1 xxx")
    assert reply.enhanced == (5, 1, 1)
