"""Subscribing: from the form to the welcome, with and against people."""

from datetime import timedelta

import html5lib
import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.addresses import read_address
from mailer.core.readers import ReaderState
from mailer.core.tokens import Purpose
from mailer.errors import NotFoundError
from mailer.store.preferences import follows_of
from mailer.store.reader_changes import changes_of
from mailer.store.readers import find_reader
from mailer.web.application import make_app
from tests.web.conftest import SEED_MORNING, Opener
from tests.web.mails import deliver, link
from tests.web.snapshots import changed, everything

DAY = timedelta(days=1)
NEW = "new.reader@example.org"
# In the seeds, confirmed, with follows.
KNOWN = "mina.park@example.org"


def stamp(room: Installation, age: timedelta = timedelta(seconds=10)) -> str:
    return room.desk.signer.sign_at(Purpose.FORM, room.clock() - age)


def filled(room: Installation, **changes: object) -> dict[str, object]:
    return {
        "newsletter": "asia-daily",
        "tag": ["china", "japan"],
        "match": "any",
        "cadence": "daily",
        "email": NEW,
        "stamp": stamp(room),
    } | changes


def test_the_form_is_strict_html_with_nothing_ticked(client: TestClient) -> None:
    page = client.get("/").text
    html5lib.HTMLParser(strict=True).parse(page)
    ticked = page.count(" checked")
    assert ticked == 1, "only 'any of them', which is no consent"
    assert "The Meridian Daily" in page
    assert "noindex" not in page


def test_a_kicker_fills_the_form(client: TestClient) -> None:
    page = client.get("/?tags=china,NORTH KOREA,atlantis&newsletter=trade-wire").text
    for value in ("china", "north-korea", "all", "trade-wire"):
        assert f'value="{value}" checked' in page
    assert "atlantis" not in page


def test_the_outlook_names_the_rate_and_the_last_headlines(client: TestClient) -> None:
    answer = client.post(
        "/subscribe/outlook",
        data={"newsletter": "asia-daily", "tag": ["china"], "cadence": "daily"},
    )
    html5lib.HTMLParser(strict=True).parseFragment(answer.text)
    assert "About 3 mails a week" in answer.text
    assert "China: 11 stories in 14 days" in answer.text
    assert answer.text.count("<li>") == 1 + 5
    alone = client.post(
        "/subscribe/outlook",
        data={"newsletter": "trade-wire", "expression": "china & !china", "cadence": "daily"},
    )
    assert "never matches" in alone.text
    picture = client.post("/subscribe/outlook", data={"expression": "china & (japan"})
    assert "^" in picture.text


def test_without_a_script_the_button_shows_the_outlook_and_changes_nothing(
    client: TestClient, room: Installation
) -> None:
    before = everything(room)
    page = client.post("/subscribe", data=filled(room, show="outlook", q="韩国")).text
    html5lib.HTMLParser(strict=True).parse(page)
    assert "mails a week" in page
    assert 'value="china" checked' in page
    assert 'value="south-korea"' in page
    assert 'value="nepal"' not in page
    assert f'value="{NEW}"' in page
    assert changed(room, before) == set()


def test_enter_subscribes_and_in_the_search_it_looks(
    client: TestClient, room: Installation
) -> None:
    page = client.get("/").text
    first_button = page.partition("<form")[2].partition("<button")[2].partition("</button>")[0]
    # What a browser presses for who presses Enter says nothing of showing.
    assert "show" not in first_button
    found = client.post("/subscribe", data=filled(room, q="nepal", email=""))
    assert found.status_code == 200
    assert 'value="nepal"' in found.text
    pressed = client.post("/subscribe", data=filled(room, q="nepal", email="", do="subscribe"))
    assert pressed.status_code == 422
    assert "Check your mail" in client.post("/subscribe", data=filled(room, q="nepal")).text


def test_each_missing_thing_is_named_at_its_place(client: TestClient, room: Installation) -> None:
    before = everything(room)
    answer = client.post("/subscribe", data={"stamp": stamp(room), "email": "nobody", "tag": "x"})
    assert answer.status_code == 422
    html5lib.HTMLParser(strict=True).parse(answer.text)
    for field in ("newsletter", "topics", "cadence", "email"):
        assert f'id="{field}-error"' in answer.text
    wrong = client.post("/subscribe", data=filled(room, expression="china & <b>"))
    assert wrong.status_code == 422
    assert "^" in wrong.text
    assert "<b>" not in wrong.text
    seldom = filled(room, newsletter="trade-wire", cadence="monthly")
    assert client.post("/subscribe", data=seldom).status_code == 422
    assert changed(room, before) == set()


def test_from_the_form_to_the_welcome(client: TestClient, room: Installation) -> None:
    asked = client.post("/subscribe", data=filled(room, tag=["china", "japan"]))
    assert asked.status_code == 200
    assert "Check your mail" in asked.text
    assert NEW not in asked.text
    with room.desk.database.read() as connection, pytest.raises(NotFoundError):
        find_reader(connection, read_address(NEW))
    [mail] = deliver(room)
    assert f"To: {NEW}" in mail
    assert "- China, every day" in mail
    assert "Yes, send me The Meridian Daily with these topics:" in mail
    path = link(mail, "confirm")

    before = everything(room)
    page = client.get(path)
    html5lib.HTMLParser(strict=True).parse(page.text)
    assert "Yes, send me The Meridian Daily" in page.text
    assert client.head(path).status_code == 200
    assert changed(room, before) == set()

    done = client.post(path)
    assert "You are subscribed" in done.text
    with room.desk.database.read() as connection:
        reader = find_reader(connection, read_address(NEW))
        follows = follows_of(connection, reader.id)
        changes = changes_of(connection, reader.id)
    assert reader.state is ReaderState.CONFIRMED
    assert reader.timezone == "Asia/Seoul"
    assert [(f.canonical, f.cadence) for f in follows] == [
        ("china", "daily"),
        ("japan", "daily"),
    ]
    assert [(c.what, c.source) for c in changes] == [("subscribed", "web form")]
    [welcome] = deliver(room)
    assert "Welcome to The Meridian Daily" in welcome
    assert link(welcome, "unsubscribe")

    before = everything(room)
    assert "You are subscribed" in client.post(path).text
    assert "You are subscribed" in client.get(path).text
    assert changed(room, before) == set()
    assert deliver(room) == []


def test_topics_together_are_one_follow(client: TestClient, room: Installation) -> None:
    client.post("/subscribe", data=filled(room, match="all", expression="trade & !sport"))
    [mail] = deliver(room)
    assert "- China and Japan, every day" in mail
    assert "- Trade, without Sport, every day" in mail


def test_a_link_ends_after_seven_days_and_a_forged_one_is_nothing(
    client: TestClient, room: Installation, open_room: Opener
) -> None:
    client.post("/subscribe", data=filled(room))
    path = link(deliver(room)[0], "confirm")
    assert client.get("/confirm/x" + path.removeprefix("/confirm/")).status_code == 404
    with TestClient(make_app(open_room(SEED_MORNING + 7 * DAY))) as later:
        assert later.get(path).status_code == 200
    with TestClient(make_app(open_room(SEED_MORNING + 7 * DAY + timedelta(seconds=1)))) as late:
        assert late.get(path).status_code == 410
        assert late.post(path).status_code == 410


def test_known_and_unknown_addresses_get_the_same_answer(
    client: TestClient, room: Installation
) -> None:
    answers = []
    for address in (KNOWN, NEW):
        before = everything(room)
        answer = client.post("/subscribe", data=filled(room, email=address))
        answers.append((answer.status_code, answer.content, changed(room, before)))
    assert answers[0] == answers[1]
    assert len(deliver(room)) == 2


def test_an_address_is_written_to_once_a_day_and_thrice_a_month(
    open_room: Opener,
) -> None:
    mailed = []
    for hours in (0, 1, 23, 24, 30, 48, 72, 24 * 29, 24 * 30, 24 * 31):
        room = open_room(SEED_MORNING + timedelta(hours=hours))
        with TestClient(make_app(room)) as client:
            spelling = NEW if hours % 2 else NEW.upper()
            answer = client.post(
                "/subscribe", data=filled(room, email=spelling, newsletter="trade-wire")
            )
        assert "Check your mail" in answer.text
        if deliver(room):
            mailed.append(hours)
    assert mailed == [0, 24, 48, 24 * 30, 24 * 31]


def test_one_network_cannot_ask_without_end(client: TestClient, room: Installation) -> None:
    statuses = [
        client.post("/subscribe", data=filled(room, email=f"r{n}@h{n}.example")).status_code
        for n in range(12)
    ]
    assert statuses == [200] * 10 + [429] * 2


def test_programs_are_not_believed(client: TestClient, room: Installation) -> None:
    before = everything(room)
    trapped = client.post("/subscribe", data=filled(room, website="http://spam.example"))
    honest_words = "Check your mail"
    assert honest_words in trapped.text
    for odd in ("", "forged", stamp(room, timedelta(0)), stamp(room, DAY)):
        again = client.post("/subscribe", data=filled(room, stamp=odd))
        assert again.status_code == 200
        assert "press Subscribe" in again.text
        assert f'value="{NEW}"' in again.text
    assert changed(room, before) == set()


def test_the_mail_holds_no_word_of_the_form(client: TestClient, room: Installation) -> None:
    spam = {"name": "Buy now http://spam.example", "expression": "'China'   |\n japan"}
    client.post("/subscribe", data=filled(room, tag=[], **spam))
    [mail] = deliver(room)
    assert "spam" not in mail
    assert "- China or Japan, every day" in mail


def test_another_site_may_post_its_form(client: TestClient, room: Installation) -> None:
    answer = client.post(
        "/subscribe",
        data=filled(room, stamp=""),
        headers={"origin": "https://paper.example", "sec-fetch-site": "cross-site"},
    )
    assert "press Subscribe" in answer.text
    taken = client.post("/subscribe", data=filled(room), headers={"origin": "https://p.example"})
    assert taken.headers["access-control-allow-origin"] == "*"


def test_a_reader_who_subscribes_again_keeps_her_settings(
    client: TestClient, room: Installation
) -> None:
    with room.desk.database.read() as connection:
        before = find_reader(connection, read_address(KNOWN))
    client.post("/subscribe", data=filled(room, email=KNOWN, timezone="Europe/Rome", tag="nepal"))
    client.post(link(deliver(room)[0], "confirm"))
    with room.desk.database.read() as connection:
        assert find_reader(connection, read_address(KNOWN)) == before
        current = [f.canonical for f in follows_of(connection, before.id) if f.ended_at is None]
    assert "nepal" in current
