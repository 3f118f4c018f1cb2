"""Send a story to a friend: S22."""

from datetime import timedelta

import html5lib
import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.deliveries import DeliveryState
from mailer.core.tokens import Purpose
from mailer.store.ledger_reading import list_deliveries
from tests.web.conftest import SEED_MORNING
from tests.web.mails import deliver, link
from tests.web.snapshots import changed, everything

STORY = "/stories/md-20261022-03"
FRIEND = "friend@elsewhere.example"


def stamp(room: Installation, age: float = 60) -> str:
    return room.desk.signer.sign_at(Purpose.FORM, SEED_MORNING - timedelta(seconds=age))


def send(client: TestClient, room: Installation, email: str = FRIEND, **fields: str) -> str:
    page = client.post(f"{STORY}/send", data={"email": email, "stamp": stamp(room)} | fields)
    html5lib.HTMLParser(strict=True).parse(page.text)
    return page.text


def test_a_friend_gets_the_story_and_nothing_a_sender_wrote(
    client: TestClient, room: Installation
) -> None:
    page = send(client, room, message="Buy pills", name="Buy pills", title="Buy pills")
    assert "on its way" in page
    [mail] = deliver(room, 1)
    assert f"To: {FRIEND}" in mail
    assert "A friend recommends: Tokyo and Seoul end case-by-case permits" in mail
    assert "Buy pills" not in mail
    assert "You are not subscribed" in mail


def test_an_address_gets_one_a_day_whoever_asks_and_nobody_is_told(
    client: TestClient, room: Installation
) -> None:
    assert send(client, room) == send(client, room)
    deliver(room, 1)


def test_a_sender_has_his_limit(client: TestClient, room: Installation) -> None:
    for number in range(5):
        send(client, room, f"friend{number}@place{number}.example")
    sixth = client.post(f"{STORY}/send", data={"email": FRIEND, "stamp": stamp(room)})
    assert sixth.status_code == 429
    deliver(room, 5)


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"email": "no address"}, 422, "This is not a mail address"),
        ({"email": FRIEND, "stamp": ""}, 200, "press the button once more"),
        ({"email": FRIEND, "website": "x"}, 200, "on its way"),
    ],
)
def test_what_is_not_sent(
    client: TestClient, room: Installation, fields: dict[str, str], status: int, words: str
) -> None:
    before = everything(room)
    page = client.post(f"{STORY}/send", data={"stamp": stamp(room)} | fields)
    assert page.status_code == status
    assert words in page.text
    assert changed(room, before) == set()


def test_a_form_sent_in_no_time_is_a_machines(client: TestClient, room: Installation) -> None:
    page = client.post(f"{STORY}/send", data={"email": FRIEND, "stamp": stamp(room, 0)})
    assert "press the button once more" in page.text
    deliver(room, 0)


def test_the_friend_ends_all_mail_with_one_button(client: TestClient, room: Installation) -> None:
    send(client, room)
    path = link(deliver(room, 1)[0], "block")
    before = everything(room)
    page = client.get(path)
    html5lib.HTMLParser(strict=True).parse(page.text)
    assert changed(room, before) == set()
    for _ in range(2):
        done = client.post(path)
        assert "will not write to your address again" in done.text
    assert changed(room, before) == {"suppressions"}
    assert client.post("/block/x").status_code == 404


def test_a_suppressed_friend_gets_nothing(client: TestClient, room: Installation) -> None:
    from mailer.store.readers import suppress

    with room.desk.database.write() as connection:
        suppress(connection, FRIEND, "asked", "", SEED_MORNING)
    assert "on its way" in send(client, room)
    deliver(room, 0)
    with room.desk.database.read() as connection:
        assert [r.state for r in list_deliveries(connection)] == [DeliveryState.WITHHELD]
