"""Leaving: one click without a cookie, steps down, and the way back."""

import re
from datetime import timedelta

import html5lib
import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.readers import Cadence
from mailer.core.tokens import Purpose
from mailer.flows.start_following import start_following
from mailer.store.reader_changes import changes_of
from mailer.web.application import make_app
from tests.web.conftest import SEED_MORNING, Opener
from tests.web.readers import (
    MINA,
    current_follows,
    current_mutes,
    follow_names,
    reader,
    subscription_ids,
    unsubscribe_path,
)
from tests.web.snapshots import changed, everything

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def path(room: Installation) -> str:
    return unsubscribe_path(room, subscription_ids(room)[0])


def undo_path(page: str) -> str:
    [found] = re.findall(r'action="(/undo/[^"]+)"', page)
    return str(found)


def test_following_the_link_changes_nothing(
    client: TestClient, room: Installation, path: str
) -> None:
    before = everything(room)
    page = client.get(path)
    html5lib.HTMLParser(strict=True).parse(page.text)
    assert client.head(path).status_code == 200
    assert changed(room, before) == set()
    assert MINA not in page.text
    assert "m…@example.org" in page.text


@pytest.mark.parametrize("way", ["urlencoded", "multipart", "empty"])
def test_one_click_ends_the_newsletter_and_twice_is_no_change(
    client: TestClient, room: Installation, path: str, way: str
) -> None:
    def post() -> int:
        if way == "multipart":
            files = {"List-Unsubscribe": (None, "One-Click")}
            return client.post(path, files=files).status_code
        return client.post(path, data=ONE_CLICK if way == "urlencoded" else None).status_code

    others = {name for name in follow_names(room) if name[0] != "asia-daily"}
    assert post() == 200
    assert follow_names(room) == others
    before = everything(room)
    assert post() == 200
    assert changed(room, before) == set()
    with room.desk.database.read() as connection:
        [change] = changes_of(connection, reader(room).id)
    source = "unsubscribe page" if way == "empty" else "one-click"
    assert (change.what, change.source) == ("unsubscribed", source)


def test_undo_restores_follows_and_where_they_stood(
    client: TestClient, room: Installation, path: str
) -> None:
    before = [(f.newsletter, f.canonical, f.cadence, f.cursor_at) for f in current_follows(room)]
    client.post(path, data=ONE_CLICK)
    # She comes back by the link of the mail.
    page = client.get(path).text
    assert "You are unsubscribed from The Meridian Daily" in page
    undone = client.post(undo_path(page))
    html5lib.HTMLParser(strict=True).parse(undone.text)
    assert "as it was" in undone.text
    after = [(f.newsletter, f.canonical, f.cadence, f.cursor_at) for f in current_follows(room)]
    assert sorted(after) == sorted(before)
    held = everything(room)
    assert client.post(undo_path(page)).status_code == 200
    assert changed(room, held) == set()


def test_a_link_works_after_every_change(
    client: TestClient, room: Installation, path: str, open_room: Opener
) -> None:
    client.post(path, data={"step": "weekly"})
    client.post(path, data=ONE_CLICK)
    start_following(
        room.desk.database, MINA, "asia-daily", "nepal", Cadence.DAILY, now=room.clock(), source="x"
    )
    assert ("asia-daily", "nepal", "daily") in follow_names(room)
    with TestClient(make_app(open_room(SEED_MORNING + timedelta(days=800)))) as later:
        assert later.post(path, data=ONE_CLICK).status_code == 200
    assert not {name for name in follow_names(room) if name[0] == "asia-daily"}


def test_weekly_instead_keeps_the_cursors_and_undo_brings_the_rhythm_back(
    client: TestClient, room: Installation, path: str
) -> None:
    before, names = {f.canonical: f.cursor_at for f in current_follows(room)}, follow_names(room)
    page = client.post(path, data={"step": "weekly"}).text
    assert "once a week now" in page
    asia = [f for f in current_follows(room) if f.newsletter == "asia-daily"]
    assert {f.cadence for f in asia} <= {Cadence.WEEKLY, Cadence.MONTHLY}
    for follow in asia:
        assert follow.cursor_at <= before[follow.canonical]
    client.post(undo_path(page))
    assert follow_names(room) == names


def test_a_pause_lasts_thirty_days_and_ends_with_undo(
    client: TestClient, room: Installation, path: str
) -> None:
    page = client.post(path, data={"step": "pause"}).text
    assert reader(room).paused_until_at == SEED_MORNING + timedelta(days=30)
    assert "Pause for 30 days" not in page
    client.post(undo_path(page))
    assert reader(room).paused_until_at is None


def test_one_follow_and_one_topic_can_go(client: TestClient, room: Installation, path: str) -> None:
    page = client.get(path).text
    [follow_id, *_] = re.findall(r'value="follow:(\d+)"', page)
    [tag, *_] = re.findall(r'value="mute:([a-z-]+)"', page)
    count = len(current_follows(room))
    client.post(path, data={"step": f"follow:{follow_id}"})
    assert len(current_follows(room)) == count - 1
    muted = client.post(path, data={"step": f"mute:{tag}"}).text
    assert tag in current_mutes(room)
    client.post(undo_path(muted))
    assert tag not in current_mutes(room)
    other = reader(room, "seoyeon.kim@example.com")
    foreign = current_follows(room, other.email)[0]
    client.post(path, data={"step": f"follow:{foreign.id}"})
    assert foreign.id in [f.id for f in current_follows(room, other.email)], "not hers to end"


def test_everything_is_everything(client: TestClient, room: Installation, path: str) -> None:
    start_following(
        room.desk.database, MINA, "trade-wire", "trade", Cadence.DAILY, now=room.clock(), source="x"
    )
    names = follow_names(room)
    page = client.post(path, data={"step": "everything"}).text
    assert current_follows(room) == []
    client.post(undo_path(page))
    assert follow_names(room) == names


def test_odd_steps_and_forged_links_change_nothing(
    client: TestClient, room: Installation, path: str
) -> None:
    before = everything(room)
    assert client.post(path, data={"step": "dance"}).status_code == 422
    assert client.post(path, data={"step": "mute:(((("}).status_code == 422
    sign = room.desk.signer.sign
    for odd in (
        "/unsubscribe/forged",
        f"/unsubscribe/{sign(Purpose.UNSUBSCRIBE, 999_999)}",
        f"/unsubscribe/{sign(Purpose.UNSUBSCRIBE)}",
        f"/unsubscribe/{sign(Purpose.MUTE, 1)}",
        f"/undo/{sign(Purpose.UNDO, 1, 1)}",
        f"/undo/{room.desk.signer.sign_at(Purpose.UNDO, room.clock(), 1, 1)}",
    ):
        assert client.post(odd, data=ONE_CLICK).status_code == 404, odd
    assert changed(room, before) == set()


def test_what_came_since_is_left_alone(client: TestClient, room: Installation, path: str) -> None:
    page = client.post(path, data={"step": "pause"}).text
    start_following(
        room.desk.database, MINA, "asia-daily", "nepal", Cadence.DAILY, now=room.clock(), source="x"
    )
    client.post(undo_path(page))
    assert ("asia-daily", "nepal", "daily") in follow_names(room)
    assert reader(room).paused_until_at is None
