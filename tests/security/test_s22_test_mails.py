"""S22: a test mail goes to verified operators alone, and nothing in it acts for a reader."""

from dataclasses import replace

import pytest

from mailer.core.addresses import read_address
from mailer.core.operators import Role
from mailer.core.readers import Cadence
from mailer.core.tokens import Purpose, Signer
from mailer.delivery.memory import MemoryBackend
from mailer.errors import InputError, MailerError
from mailer.flows.add_operator import add_operator
from mailer.flows.send_test import send_test
from mailer.render.mail import Renderer
from mailer.store.operators import change_operator_row, find_operator
from tests.flows.conftest import NOON, Newsroom, newsroom
from tests.security.mutations import goes_red

__all__ = ["newsroom"]

_MINA = "mina@reader.example"


def _room(newsroom: Newsroom) -> MemoryBackend:
    newsroom.read_by(_MINA)
    newsroom.follow(_MINA, "china")
    newsroom.publish("one", "China")
    for email, password in (
        ("olga@desk.example", "a long password, surely"),
        ("new@desk.example", ""),
    ):
        add_operator(
            newsroom.database,
            email,
            role=Role.ADMIN,
            name="",
            password=password,
            actor="test",
            now=NOON,
        )
    return MemoryBackend()


def _send(newsroom: Newsroom, backend: MemoryBackend, to: str) -> None:
    signer = Signer(("of this call alone",))
    renderer = Renderer(newsroom.desk.site, signer, max_mail_bytes=100_000)
    send_test(
        replace(newsroom.desk, signer=signer, renderer=renderer),
        backend,
        "asia",
        Cadence.DAILY,
        reader_email=_MINA,
        to=to,
        as_of=NOON,
        actor="test",
        now=NOON,
    )


def _check_strangers(newsroom: Newsroom, backend: MemoryBackend) -> None:
    for to in (
        "stranger@elsewhere.example",
        _MINA,
        "new@desk.example",
        "olga+x@desk.example",
        "olga@desk.example,stranger@elsewhere.example",
        "olga@desk.example\r\nBcc: stranger@elsewhere.example",
    ):
        try:
            _send(newsroom, backend, to)
        except MailerError:
            continue
        raise AssertionError(f"{to} got a test mail")
    assert backend.offered == []


def test_s22_only_verified_operators_get_a_test(newsroom: Newsroom) -> None:
    backend = _room(newsroom)
    _check_strangers(newsroom, backend)
    _send(newsroom, backend, "Olga@Desk.example")
    assert [message.recipient for message in backend.messages] == ["olga@desk.example"]


def test_s22_an_operator_who_left_gets_none(newsroom: Newsroom) -> None:
    backend = _room(newsroom)
    with newsroom.database.write() as connection:
        olga = find_operator(connection, read_address("olga@desk.example"))
        change_operator_row(connection, olga.id, ended_at=NOON)
    with pytest.raises(InputError, match="no verified operator"):
        _send(newsroom, backend, "olga@desk.example")


def test_s22_no_link_in_a_test_acts_for_the_reader(newsroom: Newsroom) -> None:
    backend = _room(newsroom)
    _send(newsroom, backend, "olga@desk.example")
    (message,) = backend.messages
    head = message.content.partition(b"\r\n\r\n")[0].decode()
    token = head.partition("/unsubscribe/")[2].partition(">")[0]
    assert token
    with pytest.raises(InputError):
        newsroom.desk.signer.read(Purpose.UNSUBSCRIBE, token)


def test_s22_goes_red_when_anybody_counts_as_verified(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = _room(newsroom)
    goes_red(
        lambda: _check_strangers(newsroom, backend),
        monkeypatch,
        mailer__core__operators__Operator__is_verified=True,
    )
