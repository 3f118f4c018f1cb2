"""Preferences: by a fresh link only, each change recorded, and nothing lost or told twice."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO

import html5lib
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.addresses import read_address
from mailer.core.clocks import quiet_text
from mailer.core.readers import MailFormat, ReaderState
from mailer.core.tokens import Purpose
from mailer.flows.import_readers import import_readers
from mailer.store.reader_changes import changes_of
from mailer.store.readers import is_suppressed, suppress
from mailer.web.application import make_app
from tests.web.conftest import SEED_MORNING, Opener
from tests.web.mails import deliver, link
from tests.web.readers import (
    MINA,
    current_follows,
    current_mutes,
    follow_names,
    reader,
    subscription_ids,
)
from tests.web.snapshots import changed, everything

MINUTE = timedelta(minutes=1)


def old_path(room: Installation) -> str:
    """The link in every mail."""
    parts = (reader(room).id, subscription_ids(room)[0])
    return f"/preferences/{room.desk.signer.sign(Purpose.PREFERENCES, *parts)}"


def act(client: TestClient, path: str, do: str, **fields: object) -> str:
    """Press a button and return the page that follows."""
    answer = client.post(path, data={"do": do} | fields)
    assert answer.status_code == 303, answer.text
    page = client.get(answer.headers["location"])
    html5lib.HTMLParser(strict=True).parse(page.text)
    return page.text


def test_a_link_is_mailed_to_who_asks_and_opens_for_half_an_hour(
    client: TestClient, room: Installation, open_room: Opener
) -> None:
    assert client.get("/preferences").status_code == 200
    assert client.post("/preferences", data={"email": "nobody"}).status_code == 422
    sent = client.post("/preferences", data={"email": MINA})
    assert "Check your mail" in sent.text
    [mail] = deliver(room)
    fresh = link(mail, "preferences")
    before = everything(room)
    page = client.get(fresh)
    html5lib.HTMLParser(strict=True).parse(page.text)
    assert MINA in page.text
    assert changed(room, before) == set()
    for minutes, opens in ((30, True), (31, False)):
        with TestClient(make_app(open_room(SEED_MORNING + minutes * MINUTE))) as later:
            assert (MINA in later.get(fresh).text) is opens
            pressed = {"do": "resume", "after": "fresh"}
            late = later.post(fresh, data=pressed, follow_redirects=False)
            assert late.status_code == (303 if opens else 410)


def test_strangers_get_the_same_answer_and_a_mail_that_says_nothing(
    client: TestClient, room: Installation
) -> None:
    answers = []
    for address in (MINA, "stranger@example.org"):
        before = everything(room)
        answer = client.post("/preferences", data={"email": address})
        answers.append((answer.status_code, answer.content, changed(room, before)))
    assert answers[0] == answers[1]
    _, mail = deliver(room)
    assert "no mails of ours come to this address" in mail
    assert "/preferences/" not in mail


def test_an_old_mail_shows_nothing_private_and_mails_a_fresh_link(
    client: TestClient, room: Installation
) -> None:
    before = everything(room)
    page = client.get(old_path(room)).text
    html5lib.HTMLParser(strict=True).parse(page)
    assert changed(room, before) == set()
    assert 'id="why"' in page
    assert "The Meridian Daily" in page
    for private in (MINA, *[f.expression for f in current_follows(room)]):
        assert private not in page
    refused = client.post(old_path(room), data={"do": "erase", "sure": "yes"})
    assert refused.status_code == 410
    assert changed(room, before) == set()
    assert "Check your mail" in client.post(old_path(room), data={"do": "link"}).text
    [mail] = deliver(room)
    assert MINA in client.get(link(mail, "preferences")).text


def test_an_address_gets_few_links(
    client: TestClient, room: Installation, open_room: Opener
) -> None:
    count = 0
    for minutes in range(5):
        later = open_room(SEED_MORNING + minutes * MINUTE)
        with TestClient(make_app(later)) as asking:
            assert asking.post("/preferences", data={"email": MINA}).status_code == 200
        count += len(deliver(later))
    assert count == 3


def test_a_changed_cadence_keeps_its_place_and_comes_back_by_undo(
    client: TestClient, room: Installation, path: str
) -> None:
    follow = current_follows(room)[0]
    names = follow_names(room)
    page = act(
        client, path, "follow", id=follow.id, cadence="monthly", expression=follow.expression
    )
    assert "Saved." in page
    changed_one = next(f for f in current_follows(room) if f.canonical == follow.canonical)
    assert (changed_one.cadence, changed_one.cursor_at) == ("monthly", follow.cursor_at)
    undo = next(part for part in page.split('"') if part.startswith("/undo/"))
    assert client.post(undo).status_code == 200
    assert follow_names(room) == names
    with room.desk.database.read() as connection:
        recorded = changes_of(connection, reader(room).id)
    assert [(c.what, c.source) for c in recorded] == [
        ("undone: follow changed", "undo"),
        ("follow changed", "preferences page"),
    ]


def test_a_changed_expression_keeps_its_place(
    client: TestClient, room: Installation, path: str
) -> None:
    follow = current_follows(room)[0]
    act(client, path, "follow", id=follow.id, cadence=follow.cadence, expression="nepal & !sport")
    new = next(f for f in current_follows(room) if f.canonical == "nepal & !sport")
    assert new.cursor_at == follow.cursor_at
    assert follow.canonical not in [f.canonical for f in current_follows(room)]
    same = act(client, path, "follow", id=new.id, cadence=new.cadence, expression="!sport & NEPAL")
    assert "how it was already" in same


def test_a_mistake_is_shown_with_its_picture_and_changes_nothing(
    client: TestClient, room: Installation, path: str
) -> None:
    before = everything(room)
    follow = current_follows(room)[0]
    for fields in (
        {"do": "follow", "id": follow.id, "cadence": "daily", "expression": "china & ("},
        {"do": "follow", "id": follow.id, "cadence": "hourly", "expression": "china"},
        {"do": "add-follow", "newsletter": "trade-wire", "cadence": "daily", "expression": "*"},
        {"do": "mute", "expression": "atlantis"},
        {"do": "settings", "locale": "xx", "timezone": "UTC", "hour": "25"},
        {"do": "pause", "until": "2020-01-01"},
        {"do": "pause", "until": "0001-01-01"},
        {"do": "pause", "until": "9999-12-31"},
        {"do": "pause", "until": "soon"},
        {"do": "address", "email": "nobody"},
        {"do": "erase"},
    ):
        answer = client.post(path, data=fields)
        assert answer.status_code == 422, fields
        html5lib.HTMLParser(strict=True).parse(answer.text)
        assert 'role="alert"' in answer.text
    assert client.post(path, data={"do": "dance"}).status_code == 422
    foreign = current_follows(room, "seoyeon.kim@example.com")[0]
    assert client.post(path, data={"do": "unfollow", "id": foreign.id}).status_code == 404
    assert client.post(path, data={"do": "unfollow", "id": "x"}).status_code == 422
    assert changed(room, before) == set()


def test_follows_mutes_and_settings_are_hers(
    client: TestClient, room: Installation, path: str
) -> None:
    act(client, path, "add-follow", newsletter="asia-daily", cadence="weekly", expression="nepal")
    assert ("asia-daily", "nepal", "weekly") in follow_names(room)
    new = next(f for f in current_follows(room) if f.canonical == "nepal")
    act(client, path, "unfollow", id=new.id)
    assert "nepal" not in [f.canonical for f in current_follows(room)]
    act(client, path, "mute", expression="taiwan & trade")
    assert "taiwan & trade" in current_mutes(room)
    page = act(
        client, path, "settings", locale="it", timezone="Europe/Rome", hour="6", format="text",
        quiet_start="22:00", quiet_end="07:00",
    )  # fmt: skip
    assert 'lang="it"' in page
    changed_one = reader(room)
    assert (changed_one.timezone, changed_one.hour) == ("Europe/Rome", 6)
    assert changed_one.format is MailFormat.TEXT
    assert quiet_text(changed_one.quiet) == "22:00-07:00"


def test_a_pause_can_catch_up_or_start_fresh(
    client: TestClient, room: Installation, path: str
) -> None:
    cursors = {f.canonical: f.cursor_at for f in current_follows(room)}
    act(client, path, "pause", until="2026-11-01", after="catch-up")
    until = datetime(2026, 10, 31, 15, tzinfo=UTC)
    assert reader(room).paused_until_at == until, "midnight of her own clock"
    assert {f.canonical: f.cursor_at for f in current_follows(room)} == cursors
    act(client, path, "resume", after="catch-up")
    assert reader(room).paused_until_at == SEED_MORNING
    page = act(client, path, "pause", until="2026-11-01", after="fresh")
    assert {f.cursor_at for f in current_follows(room)} == {until}
    undo = next(part for part in page.split('"') if part.startswith("/undo/"))
    client.post(undo)
    assert {f.canonical: f.cursor_at for f in current_follows(room)} == cursors
    act(client, path, "pause", until="2026-11-01", after="fresh")
    act(client, path, "resume", after="catch-up")
    assert {f.cursor_at for f in current_follows(room)} == {SEED_MORNING}


def test_an_address_moves_when_the_new_one_agrees(
    client: TestClient, room: Installation, path: str
) -> None:
    new = "mina@new.example"
    act(client, path, "address", email=new)
    assert reader(room).email == MINA
    [mail] = deliver(room)
    assert f"To: {new}" in mail
    before = everything(room)
    page = client.get(link(mail, "address"))
    html5lib.HTMLParser(strict=True).parse(page.text)
    assert changed(room, before) == set()
    assert "changed" in client.post(link(mail, "address")).text
    assert reader(room, new).state is ReaderState.CONFIRMED
    [told] = deliver(room)
    assert f"To: {MINA}" in told
    before = everything(room)
    assert client.post(link(mail, "address")).status_code == 200
    assert changed(room, before) == set()


def test_somebody_elses_address_is_not_taken(
    client: TestClient, room: Installation, path: str
) -> None:
    other = "seoyeon.kim@example.com"
    act(client, path, "address", email=other)
    [mail] = deliver(room)
    assert client.post(link(mail, "address")).status_code == 422
    assert reader(room).email == MINA


def test_the_export_is_mailed_and_whole(client: TestClient, room: Installation, path: str) -> None:
    page = act(client, path, "export")
    assert "on its way" in page
    [mail] = deliver(room)
    answer = client.get(link(mail, "export"))
    assert answer.headers["content-disposition"].startswith("attachment")
    document = json.loads(answer.content)
    assert document["email"] == MINA
    assert len(document["follows"]) >= len(current_follows(room))
    assert {"reader", "subscriptions", "mutes", "mails", "stories_told"} <= set(document)
    assert client.get(path.replace("preferences", "export")).status_code == 404


def test_erasing_leaves_no_trace_but_a_suppression(
    client: TestClient, room: Installation, path: str
) -> None:
    client.post("/preferences", data={"email": MINA})
    act(client, path, "address", email="mina@new.example")
    deliver(room)
    act(client, path, "pause", until="2026-11-01", after="fresh")
    client.post("/preferences", data={"email": MINA})
    key = reader(room).email_key
    with room.desk.database.write() as connection:
        suppress(connection, key, "hard bounce", f"550 {MINA}", room.clock())
    page = client.post(path, data={"do": "erase", "sure": "yes"})
    html5lib.HTMLParser(strict=True).parse(page.text)
    assert "You are erased" in page.text
    dump = repr(everything(room)).casefold()
    for trace in (MINA, "mina@new.example", "mina park"):
        assert trace not in dump
    assert client.get(path).status_code == 404
    assert deliver(room) == []
    address = read_address(MINA)
    with room.desk.database.read() as connection:
        assert not is_suppressed(connection, address), "nobody knows the address any more"
    import_readers(
        room.desk.database,
        BytesIO(f"email\n{MINA}".encode()),
        confirmed=True,
        consent="x",
        clock=room.clock,
        signer=room.desk.signer,
    )
    with room.desk.database.read() as connection:
        assert is_suppressed(connection, address)
