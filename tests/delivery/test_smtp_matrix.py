"""Every phase of a conversation crossed with every way it can go wrong, each to its outcome."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_servers import Security, Server
from mailer.delivery.smtp_timeouts import Timeouts
from mailer.ports import Accepted, Deferred, InDoubt, Misconfigured, Outcome, Refused
from tests.delivery.certificates import Certificates
from tests.delivery.messages import a_message, messages
from tests.delivery.scripted import DROP, OFFERS, USUAL, Act, Say, ScriptedServer, Stall

_BRIEF = timedelta(seconds=0.4)
IMPATIENT = Timeouts(
    connect=_BRIEF, command=_BRIEF, data=_BRIEF, body=_BRIEF, final=_BRIEF, quit=_BRIEF
)


def fault_timeouts(fault: str) -> Timeouts:
    """Give little time only where it must run out: a busy machine fails nothing else."""
    return IMPATIENT if fault == "stall" else Timeouts()


def _lines(octets: bytes) -> bytes:
    """Give the same reply with two more lines before its last."""
    code, last = octets[:3], octets.splitlines(keepends=True)[-1]
    return octets.removesuffix(last) + code + b"-one\r\n" + code + b"-two\r\n" + last


def fault_act(phase: str, fault: str) -> Act:
    usual = USUAL.get(phase, b"250 ok\r\n")
    acts: dict[str, Act] = {
        "421": Say(b"421 4.3.2 going down\r\n", hang_up=True),
        "4xx": Say(b"451 4.3.0 come back later\r\n"),
        "5xx": Say(b"554-5.5.0 no\r\n554 5.5.0 thanks\r\n"),
        "garbage": Say(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "drop": DROP,
        "stall": Stall(),
        "byte by byte": Say(usual, dripping=True),
        "multi-line": Say(_lines(usual)),
    }
    return acts[fault]


_OURS: dict[str, Outcome] = {
    "421": Deferred(421, "4.3.2 going down", counts=False),
    "4xx": Deferred(451, "4.3.0 come back later", counts=False),
    "5xx": Misconfigured(554, "5.5.0 no 5.5.0 thanks"),
    "garbage": Deferred(0, "answered no SMTP: 'HTTP/1.1 400 Bad Request'", counts=False),
    "drop": Deferred(0, "closed the connection", counts=False),
    "stall": Deferred(0, "did not answer in time", counts=False),
    "byte by byte": Accepted(250, "ok"),
    "multi-line": Accepted(250, "ok"),
}
_THE_READERS: dict[str, Outcome] = _OURS | {
    "4xx": Deferred(451, "4.3.0 come back later"),
    "5xx": Refused(554, "5.5.0 no 5.5.0 thanks"),
}
_AFTER_THE_BODY: dict[str, Outcome] = _THE_READERS | {
    "421": Deferred(421, "4.3.2 going down"),
    "garbage": InDoubt("answered no SMTP: 'HTTP/1.1 400 Bad Request'"),
    "drop": InDoubt("closed the connection"),
    "stall": InDoubt("did not answer in time"),
}
_TOO_LATE_TO_MATTER: dict[str, Outcome] = dict.fromkeys(_OURS, Accepted(250, "ok"))

MATRIX: dict[str, dict[str, Outcome]] = {
    "banner": _OURS,
    "EHLO": _OURS,
    "STARTTLS": _OURS,
    "AUTH": _OURS,
    "MAIL": _OURS,
    "RCPT": _THE_READERS,
    "DATA": _THE_READERS,
    "DOT": _AFTER_THE_BODY,
    "QUIT": _TOO_LATE_TO_MATTER,
}
_CELLS = [(phase, fault) for phase, row in MATRIX.items() for fault in row]
# Where a conversation that breaks off is tried once more on a new connection.
_TRIED_AGAIN = {(p, f) for p in ("MAIL", "RCPT", "DATA") for f in ("421", "garbage", "drop")}
_LABELS = {
    "banner": "greeting",
    "MAIL": "MAIL FROM",
    "RCPT": "RCPT TO",
    "DOT": "end of data",
}


def _expected(phase: str, fault: str, port: int, scheme: str) -> Outcome:
    """Give the outcome of a cell, with the server and phase that its reason names."""
    outcome = MATRIX[phase][fault]
    if isinstance(outcome, Accepted | Refused | Misconfigured) or fault in ("421", "4xx"):
        return outcome
    reason = f"{scheme}://127.0.0.1:{port} {outcome.reply} ({_LABELS.get(phase, phase)})"
    return InDoubt(reason) if isinstance(outcome, InDoubt) else Deferred(0, reason, counts=False)


@pytest.mark.parametrize(("phase", "fault"), _CELLS, ids=[f"{p}: {f}" for p, f in _CELLS])
def test_a_fault_in_a_phase_has_one_outcome(
    phase: str,
    fault: str,
    scripted: Callable[..., ScriptedServer],
    smtp: Callable[..., SmtpBackend],
    trusted: Certificates,
) -> None:
    server = scripted({phase: fault_act(phase, fault)}, tls=trusted.context())
    encrypted = phase == "STARTTLS"
    backend = smtp(
        Server(
            "127.0.0.1",
            server.port,
            Security.STARTTLS if encrypted else Security.CLEAR,
            "user" if phase == "AUTH" else "",
            "password" if phase == "AUTH" else "",
        ),
        timeouts=fault_timeouts(fault),
    )
    (outcome,) = backend.send([a_message()])
    backend.close()
    scheme = "smtp+starttls" if encrypted else "smtp"
    assert outcome == _expected(phase, fault, server.port, scheme)
    assert server.session_count == (2 if (phase, fault) in _TRIED_AGAIN else 1)
    reached_the_body = phase in ("DOT", "QUIT") or isinstance(outcome, Accepted)
    assert server.bodies == ([a_message().content] if reached_the_body else [])


@pytest.mark.parametrize("fault", _OURS)
def test_a_fault_while_resetting_after_a_refusal_costs_the_next_message_nothing(
    fault: str, scripted: Callable[..., ScriptedServer], smtp: Callable[..., SmtpBackend]
) -> None:
    server = scripted(
        {"RCPT": [Say(b"550 5.1.1 nobody\r\n"), None], "RSET": fault_act("RSET", fault)}
    )
    backend = smtp(Server("127.0.0.1", server.port), timeouts=fault_timeouts(fault))
    first, second, third = backend.send(messages(3))
    assert first == Refused(550, "5.1.1 nobody", suppress=True)
    if fault == "stall":
        # Waiting twice would double the longest wait: this one is left for the next call.
        assert second == Deferred(
            0, f"smtp://127.0.0.1:{server.port} did not answer in time (RSET)", counts=False
        )
    else:
        assert second == Accepted(250, "ok")
    assert third == Accepted(250, "ok")


@pytest.mark.parametrize(
    ("phase", "act", "reason"),
    [
        ("EHLO", Say(OFFERS + OFFERS), "spoke out of turn"),
        ("MAIL", Say(b"250 ok\r\n250 ok\r\n"), "spoke out of turn"),
        ("DATA", Say(b"354 go\r\n250 2.0.0 accepted\r\n"), "spoke out of turn"),
        ("DATA", Say(b"250 ok\r\n"), "answered 250 out of step"),
        ("MAIL", Say(b"354 go\r\n"), "answered 354 out of step"),
        ("RCPT", Say(b"999 ok\r\n"), "answered no SMTP: '999 ok'"),
        ("RCPT", Say(b"2500 ok\r\n"), "answered no SMTP: '2500 ok'"),
        ("RCPT", Say(b"250-ok\r\n550 no\r\n"), "answered no SMTP: '550 no'"),
        ("RCPT", Say(b"\r\n"), "answered no SMTP: ''"),
        ("RCPT", Say(b"\x00\xff\x1b[2J\r\n"), "answered no SMTP: '�[2J'"),
        ("RCPT", Say(b"250-" + b"x" * 20_000), "answered no SMTP: '250-xxx"),
        ("RCPT", Say(b"250-x\r\n" * 1_000), "answered more than 200 lines"),
        ("RCPT", Say(b"250 ok", hang_up=True), "closed the connection"),
        ("RCPT", Stall(trickle=b"2"), "did not answer in time"),
    ],
)
def test_a_reply_that_breaks_the_rules_is_never_believed(
    phase: str,
    act: Act,
    reason: str,
    scripted: Callable[..., ScriptedServer],
    smtp: Callable[..., SmtpBackend],
) -> None:
    server = scripted({phase: act})
    backend = smtp(
        Server("127.0.0.1", server.port),
        timeouts=IMPATIENT if isinstance(act, Stall) else Timeouts(),
    )
    (outcome,) = backend.send([a_message()])
    assert isinstance(outcome, Deferred)
    assert not outcome.counts
    assert reason in outcome.reply
    assert server.bodies == []
