"""Every way a conversation goes wrong at the second of three messages that are under way together.

The first may be judged already, the third may have left: what is told of each must agree with what
the server did, and nobody gets a mail twice.
"""

from collections.abc import Callable

import pytest

from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_servers import Server
from mailer.ports import Accepted, Deferred, InDoubt, Misconfigured, Outcome, Refused
from tests.delivery.messages import a_message, messages
from tests.delivery.scripted import CHUNKING, PIPELINING, Act, Say, ScriptedServer
from tests.delivery.test_smtp_matrix import fault_act, fault_timeouts

Scripted = Callable[..., ScriptedServer]
Smtp = Callable[..., SmtpBackend]

FAULTS = ("421", "4xx", "5xx", "garbage", "drop", "stall", "byte by byte", "multi-line", "extra")
_Kinds = tuple[type[Outcome], ...]
_OK: type[Outcome] = Accepted
_ALL_WELL: _Kinds = (_OK, _OK, _OK)
_SECOND_LATER: _Kinds = (_OK, Deferred, _OK)
_SECOND_IN_DOUBT: _Kinds = (_OK, InDoubt, _OK)
_BEHIND_IN_DOUBT: _Kinds = (_OK, InDoubt, InDoubt)
_ALL_IN_DOUBT: _Kinds = (InDoubt, InDoubt, InDoubt)
_FIRST_IN_DOUBT: _Kinds = (InDoubt, _OK, _OK)

# One body is under way at a time: what breaks off before the second one's is tried again, and more
# slowly.
_BEFORE_THE_BODY: dict[str, _Kinds] = dict.fromkeys(FAULTS, _ALL_WELL) | {
    "4xx": _SECOND_LATER,
    # A surplus yes may have been the first one's: whose the later ones were nobody can tell.
    "extra": _FIRST_IN_DOUBT,
}
AHEAD: dict[str, dict[str, _Kinds]] = {
    # Said behind the first one's dot, it is asked again before it is believed.
    "MAIL": _BEFORE_THE_BODY,
    "RCPT": _BEFORE_THE_BODY | {"5xx": (_OK, Refused, _OK)},
    "DATA": _BEFORE_THE_BODY | {"5xx": (_OK, Refused, _OK), "extra": _ALL_WELL},
    "DOT": {
        "421": _SECOND_LATER,
        "4xx": _SECOND_LATER,
        "5xx": (_OK, Refused, _OK),
        "garbage": _SECOND_IN_DOUBT,
        "drop": _SECOND_IN_DOUBT,
        "stall": _SECOND_IN_DOUBT,
        "byte by byte": _ALL_WELL,
        "multi-line": _ALL_WELL,
        "extra": _SECOND_IN_DOUBT,
    },
}
# All bodies have left: only an answer, or a goodbye and nothing behind it, makes sure.
_ALL_LEFT: dict[str, _Kinds] = {
    "421": _ALL_WELL,
    "4xx": _SECOND_LATER,
    "5xx": (_OK, Refused, _OK),
    "garbage": _BEHIND_IN_DOUBT,
    "drop": _BEHIND_IN_DOUBT,
    "stall": _BEHIND_IN_DOUBT,
    "byte by byte": _ALL_WELL,
    "multi-line": _ALL_WELL,
    "extra": _ALL_IN_DOUBT,
}
WINDOW: dict[str, dict[str, _Kinds]] = {
    "MAIL": _ALL_LEFT | {"5xx": (_OK, Misconfigured, _OK)},
    "RCPT": _ALL_LEFT,
    "DOT": _ALL_LEFT | {"421": _SECOND_LATER},
    "RSET": _ALL_LEFT | {"4xx": _BEHIND_IN_DOUBT, "5xx": _BEHIND_IN_DOUBT},
}
_MODES = {"PIPELINING": (PIPELINING, AHEAD), "CHUNKING": (CHUNKING, WINDOW)}
_CELLS = [
    (mode, phase, fault)
    for mode, (_, table) in _MODES.items()
    for phase, row in table.items()
    for fault in row
]


def _act(phase: str, fault: str) -> Act:
    usual = b"354 go ahead\r\n" if phase == "DATA" else b"250 ok\r\n"
    return Say(usual + b"250 extra\r\n") if fault == "extra" else fault_act(phase, fault)


def _kinds(outcomes: list[Outcome]) -> _Kinds:
    return tuple(type(outcome) for outcome in outcomes)


def _agrees(server: ScriptedServer, outcomes: list[Outcome]) -> bool:
    """Tell whether the server has what we call accepted, once, and nothing we call unsent."""
    for number, outcome in enumerate(outcomes, 1):
        count = server.accepted.count(a_message(number).content)
        sure = {Accepted: 1, InDoubt: count}.get(type(outcome), 0)
        if count != sure or count > 1:
            return False
    return True


@pytest.mark.parametrize(("mode", "phase", "fault"), _CELLS)
def test_every_fault_ahead_ends_in_what_is_sure(
    mode: str, phase: str, fault: str, scripted: Scripted, smtp: Smtp
) -> None:
    offers, table = _MODES[mode]
    # The first RSET stands before the second message already.
    acts = [_act(phase, fault)] if phase == "RSET" else [None, _act(phase, fault)]
    server = scripted({"EHLO": Say(offers), phase: acts})
    backend = smtp(Server("127.0.0.1", server.port), timeouts=fault_timeouts(fault))
    outcomes = list(backend.send(messages(3)))
    backend.close()
    told, expected = _kinds(outcomes), table[phase][fault]
    if fault == "extra" and told[0] is Accepted:
        # The first one's answer came in before the surplus did: it is sure, and ours to believe.
        expected = (_OK, *expected[1:])
    assert told == expected
    assert _agrees(server, outcomes)
    for outcome in outcomes:
        if isinstance(outcome, Deferred):
            assert outcome.counts == (phase != "MAIL")


@pytest.mark.parametrize("offers", [PIPELINING, CHUNKING], ids=["PIPELINING", "CHUNKING"])
@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DOT"])
@pytest.mark.parametrize("fault", ["421", "4xx", "5xx", "garbage", "drop"])
def test_a_server_that_is_always_at_fault_gets_nothing_twice(
    phase: str, fault: str, offers: bytes, scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted({"EHLO": Say(offers), phase: _act(phase, fault)})
    outcomes = list(smtp(Server("127.0.0.1", server.port)).send(messages(20)))
    assert len(outcomes) == 20
    assert server.accepted == []
    assert len(server.bodies) == len(set(server.bodies)) or fault == "421"
    assert not any(isinstance(outcome, Accepted) for outcome in outcomes)
    if phase == "MAIL" and fault == "5xx":
        assert {type(outcome) for outcome in outcomes} == {Misconfigured}
