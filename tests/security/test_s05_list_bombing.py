"""S5: nobody can make us write to a stranger again and again, or say to him what he likes."""

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.limits import Limit
from mailer.core.readers import ReaderState
from mailer.core.tokens import Purpose
from mailer.web.application import make_app
from tests.security.mutations import goes_red
from tests.web.conftest import SEED_MORNING, Opener, client, open_room, room
from tests.web.mails import deliver, link
from tests.web.snapshots import changed, everything
from tests.web.test_subscribing import filled

__all__ = ["client", "open_room", "room"]

_VICTIM = "victim@stranger.example"
_UNLIMITED = Limit("unlimited", 10**6, timedelta(microseconds=1))


def _mails_in_days(opener: Opener, days: int) -> int:
    """How often the victim is written to when somebody asks twice a day, for any newsletter."""
    count = 0
    for day in range(days):
        for hour in (0, 23):
            opened = opener(SEED_MORNING + timedelta(days=day, hours=hour))
            with TestClient(make_app(opened)) as asked:
                newsletter = "asia-daily" if hour else "trade-wire"
                form = filled(opened, email=_VICTIM, newsletter=newsletter)
                assert "Check your mail" in asked.post("/subscribe", data=form).text
            count += len(deliver(opened))
            opened.close()
    return count


def _check_address(opener: Opener) -> None:
    assert _mails_in_days(opener, 4) <= 3


def test_s05_an_address_gets_one_confirmation_a_day_and_three_a_month(open_room: Opener) -> None:
    _check_address(open_room)


def test_s05_goes_red_when_the_month_is_forgotten(
    open_room: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_red(
        lambda: _check_address(open_room),
        monkeypatch,
        mailer__flows__ask_to_subscribe__may_be_mailed=lambda *_: True,
    )


def _statuses(client: TestClient, room: Installation, addresses: list[str]) -> list[int]:
    return [
        client.post("/subscribe", data=filled(room, email=address)).status_code
        for address in addresses
    ]


def _check_client(client: TestClient, room: Installation) -> None:
    statuses = _statuses(client, room, [f"r{n}@h{n}.example" for n in range(11)])
    assert statuses == [200] * 10 + [429]
    assert len(deliver(room)) == 10


def test_s05_one_client_asks_for_ten_at_most(
    client: TestClient, room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    _check_client(client, room)


def test_s05_goes_red_without_a_limit_for_clients(
    client: TestClient, room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_red(
        lambda: _check_client(client, room),
        monkeypatch,
        mailer__flows__ask_to_subscribe__PER_HOST=_UNLIMITED,
    )


@pytest.mark.parametrize(("hops", "refused"), [(0, True), (1, False)])
def test_s05_a_client_hides_behind_no_header_of_its_own(
    open_room: Opener, hops: int, refused: bool
) -> None:
    opened = open_room(trusted_proxies=hops)
    with TestClient(make_app(opened)) as asked:
        statuses = [
            asked.post(
                "/subscribe",
                data=filled(opened, email=f"r{n}@h{n}.example"),
                headers={"x-forwarded-for": f"198.51.{n}.7"},
            ).status_code
            for n in range(11)
        ]
    assert (statuses[-1] == 429) is refused


def test_s05_networks_and_domains_have_limits_as_well(
    open_room: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Limit("one", 1, timedelta(hours=1))
    flow = "mailer.flows.ask_to_subscribe"
    for name, forwarded, addresses in (
        ("PER_NETWORK", ["198.51.100.7", "198.51.100.8"], ["a@a.example", "b@b.example"]),
        ("PER_NETWORK", ["2001:db8:1:1::1", "2001:db8:1:2::1"], ["e@e.example", "f@f.example"]),
        ("PER_DOMAIN", ["198.51.101.7", "203.0.113.9"], ["c@same.example", "d@same.example"]),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"{flow}.{name}", one)
            opened = open_room(trusted_proxies=1)
            with TestClient(make_app(opened)) as asked:
                statuses = [
                    asked.post(
                        "/subscribe",
                        data=filled(opened, email=address),
                        headers={"x-forwarded-for": place},
                    ).status_code
                    for place, address in zip(forwarded, addresses, strict=True)
                ]
            assert statuses == [200, 429], name


def test_s05_nothing_but_the_question_comes_before_she_agreed(
    client: TestClient, room: Installation
) -> None:
    client.post("/subscribe", data=filled(room, email=_VICTIM))
    (question,) = deliver(room)
    with room.desk.database.read() as connection:
        from mailer.store.tables import readers

        known = connection.execute(readers.select().where(readers.c.email == _VICTIM)).first()
    assert known is None or known.state != ReaderState.CONFIRMED.value
    assert client.get(link(question, "confirm")).status_code == 200
    assert deliver(room) == []


def _check_words(client: TestClient, room: Installation) -> None:
    spam = "Buy http://spam.example now"
    form = filled(room, email=_VICTIM, name=spam, q=spam, source=spam, locale=spam, timezone=spam)
    client.post("/subscribe", data=form)
    (mail,) = deliver(room)
    assert "spam" not in mail


def test_s05_no_word_of_the_form_reaches_a_stranger(client: TestClient, room: Installation) -> None:
    _check_words(client, room)


def test_s05_goes_red_when_the_form_may_speak(
    client: TestClient, room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_red(
        lambda: _check_words(client, room),
        monkeypatch,
        mailer__flows__ask_to_subscribe__consent_words=lambda *_: "spam",
    )


def _check_programs(client: TestClient, room: Installation) -> None:
    before = everything(room)
    sign, now = room.desk.signer.sign_at, room.clock()
    client.post("/subscribe", data=filled(room, website="http://spam.example"))
    for stamp in ("", "forged", sign(Purpose.FORM, now), sign(Purpose.VIEW, now)):
        client.post("/subscribe", data=filled(room, stamp=stamp))
    assert changed(room, before) == set()


def test_s05_programs_are_caught_by_trap_and_clock(client: TestClient, room: Installation) -> None:
    _check_programs(client, room)


def test_s05_goes_red_without_the_clock(
    client: TestClient, room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_red(
        lambda: _check_programs(client, room),
        monkeypatch,
        mailer__web__form_stamps___SOONEST=timedelta(seconds=-60),
    )
