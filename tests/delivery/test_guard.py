"""The guard: what is not allowed does not reach the backend, and harms no other."""

import pytest

from mailer.bootstrap import open_installation
from mailer.core.recipients import read_allowed_recipients
from mailer.delivery.guard import GuardedBackend
from mailer.delivery.memory import MemoryBackend
from mailer.ports import Accepted, Refused
from mailer.settings import read_settings
from tests.delivery.messages import a_message, messages

_ALLOWED = read_allowed_recipients("reader2@example.test")


def test_only_allowed_recipients_are_handed_on() -> None:
    inner = MemoryBackend()
    outcomes = list(GuardedBackend(inner, _ALLOWED).send(messages(3)))
    assert [type(outcome) for outcome in outcomes] == [Refused, Accepted, Refused]
    assert [message.recipient for message in inner.offered] == ["reader2@example.test"]
    assert outcomes[0] == Refused(0, "not on MAILER_ALLOW_RECIPIENTS")


@pytest.mark.parametrize(
    ("settings", "guarded"),
    [
        ({"BACKEND": "smtp"}, True),
        ({"BACKEND": "http", "HTTP_URL": "https://gateway.test/"}, True),
        ({"BACKEND": "memory"}, False),
        ({"BACKEND": "console"}, False),
        ({"BACKEND": "maildir"}, False),
        ({"BACKEND": "smtp", "ENV": "production", "SECRET_KEY": "x" * 32}, False),
        ({"BACKEND": "smtp", "ALLOW_RECIPIENTS": ""}, False),
    ],
)
def test_the_guard_stands_before_every_backend_that_reaches_the_outside(
    settings: dict[str, str],
    guarded: bool,
    monkeypatch: pytest.MonkeyPatch,
    database_url: str,
) -> None:
    values = {"DATABASE_URL": database_url, "ALLOW_RECIPIENTS": "*@example.org"} | settings
    for name, value in values.items():
        monkeypatch.setenv(f"MAILER_{name}", value)
    room = open_installation(read_settings())
    try:
        backend = room.open_backend()
        assert isinstance(backend, GuardedBackend) is guarded
        assert backend.name == settings["BACKEND"]
        assert bool(room.desk.allowed.patterns) is guarded
        backend.close()
    finally:
        room.close()


def test_what_the_backend_leaves_unanswered_stays_unanswered() -> None:
    class Silent(MemoryBackend):
        def send(self, messages):  # type: ignore[no-untyped-def]
            yield from ()

    allowed = read_allowed_recipients("*@example.test")
    assert list(GuardedBackend(Silent(), allowed).send([a_message()])) == []
