"""S24: erased is gone from every table, and still suppressed; an export is mailed, never shown."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.addresses import read_address
from mailer.core.tokens import Purpose
from mailer.flows.erase_reader import erase_reader
from mailer.flows.move_address import ask_to_move
from mailer.store.ledger_reading import list_deliveries
from mailer.store.readers import suppress
from mailer.store.tables import readers
from mailer.web.application import make_app
from tests.security.lived import seeded_sqlite
from tests.security.mutations import goes_red
from tests.web.conftest import SEED_MORNING, Opener, client, open_room, path, room
from tests.web.mails import deliver, link
from tests.web.readers import MINA, reader
from tests.web.snapshots import everything
from tests.web.test_subscribing import filled

__all__ = ["client", "open_room", "path", "room", "seeded_sqlite"]

_NAME = "Mina Park-of-the-Tests"
_OLD = "mina.elsewhere@example.net"


def _traces(room: Installation, *words: str) -> list[str]:
    """Each table in which one of these words still stands, whatever column holds it."""
    return [
        name
        for name, rows in everything(room).items()
        if any(word.casefold() in str(row).casefold() for row in rows for word in words)
    ]


def _live(client: TestClient, room: Installation) -> None:
    """Leave traces wherever a reader leaves some: mails, requests, changes, a suppression."""
    now = room.clock()
    with room.desk.database.write() as connection:
        connection.execute(update(readers).where(readers.c.email == MINA).values(name=_NAME))
    client.post("/subscribe", data=filled(room, email=MINA))
    client.post("/preferences", data={"email": MINA})
    ask_to_move(room.desk, reader(room).id, read_address(_OLD), now=now)
    deliver(room)
    client.post("/preferences", data={"email": MINA})
    with room.desk.database.write() as connection:
        suppress(connection, read_address(MINA).key, "complained", f"ARF by {MINA}", now)


def _check_gone(client: TestClient, room: Installation) -> None:
    _live(client, room)
    before = set(_traces(room, MINA, "mina.park", _NAME, _OLD))
    assert before >= {"readers", "deliveries", "subscription_requests", "suppressions"}
    assert erase_reader(room.desk, reader(room).id, now=room.clock())
    assert _traces(room, MINA, "mina.park", _NAME, _OLD) == []


def test_s24_no_table_knows_an_erased_reader(client: TestClient, room: Installation) -> None:
    _check_gone(client, room)


def test_s24_goes_red_when_a_table_is_forgotten(
    client: TestClient, room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_red(
        lambda: _check_gone(client, room),
        monkeypatch,
        mailer__store__reader_records__address_requests=readers,
    )


def test_s24_who_was_suppressed_stays_so_when_nobody_may_know_her_address(
    open_room: Opener,
) -> None:
    _suppressed_a_week_later(open_room)


def test_s24_goes_red_when_the_keyed_hash_is_forgotten(
    open_room: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_red(
        lambda: _suppressed_a_week_later(open_room),
        monkeypatch,
        mailer__flows__send_notice__recall_suppression=lambda *_: None,
    )


def _suppressed_a_week_later(open_room: Opener) -> None:
    """Erase her, and ask for mail to her address when every limit has forgotten it."""
    first = open_room()
    with TestClient(make_app(first), base_url="https://news.example") as asked:
        _live(asked, first)
    erase_reader(first.desk, reader(first).id, now=first.clock())
    later = open_room(SEED_MORNING + timedelta(days=40))
    deliver(later)
    with later.desk.database.read() as connection:
        last_id = max(row.id for row in list_deliveries(connection, limit=10_000))
    with TestClient(make_app(later), base_url="https://news.example") as asked:
        assert asked.post("/preferences", data={"email": MINA}).status_code == 200
    assert deliver(later) == []
    with later.desk.database.read() as connection:
        new = [row for row in list_deliveries(connection, limit=10_000) if row.id > last_id]
    assert [row.state.value for row in new] == ["withheld"]


def test_s24_her_data_is_mailed_to_her_and_not_shown_to_who_asks(
    client: TestClient, room: Installation, path: str
) -> None:
    answer = client.post(path, data={"do": "export"}, follow_redirects=True)
    assert answer.status_code == 200
    assert "/export/" not in answer.text
    assert "subscription_requests" not in answer.text
    (mail,) = deliver(room)
    assert MINA in mail.splitlines()[0]
    document = client.get(link(mail, "export")).json()
    assert document["email"] == MINA
    assert document["mails"]


def test_s24_erasing_needs_a_fresh_link_and_a_second_word(
    client: TestClient, room: Installation, path: str
) -> None:
    client.post(path, data={"do": "erase"})
    assert reader(room).email == MINA
    stale = room.desk.signer.sign_at(
        Purpose.PREFERENCES, room.clock() - timedelta(minutes=31), reader(room).id
    )
    assert client.post(f"/preferences/{stale}", data={"do": "erase", "sure": "yes"}).is_error
    assert reader(room).email == MINA
    gone = client.post(path, data={"do": "erase", "sure": "yes"})
    assert gone.status_code == 200
    assert _traces(room, MINA) == []
    assert client.get(path).status_code == 404
