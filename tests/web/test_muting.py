"""No more like this: from the reason of an item."""

import html5lib
import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.tokens import Purpose
from mailer.store.stories import latest_stories
from tests.web.readers import current_follows, current_mutes, follow_names, reader
from tests.web.snapshots import changed, everything
from tests.web.test_leaving import undo_path


@pytest.fixture
def path(room: Installation) -> str:
    with room.desk.database.read() as connection:
        story = next(s for s in latest_stories(connection, 50) if len(s.kicker) > 1)
    follow = current_follows(room)[0]
    token = room.desk.signer.sign(Purpose.MUTE, reader(room).id, follow.id, story.id)
    return f"/mute/{token}"


def test_the_page_offers_and_changes_nothing(
    client: TestClient, room: Installation, path: str
) -> None:
    before = everything(room)
    page = client.get(path)
    html5lib.HTMLParser(strict=True).parse(page.text)
    client.head(path)
    assert changed(room, before) == set()
    assert page.text.count('value="mute:') >= 3


def test_a_topic_is_muted_once_and_comes_back_by_undo(
    client: TestClient, room: Installation, path: str
) -> None:
    [value, *_] = [v for v in client.get(path).text.split('"') if v.startswith("mute:")]
    had = current_mutes(room)
    page = client.post(path, data={"step": value})
    html5lib.HTMLParser(strict=True).parse(page.text)
    assert current_mutes(room) == [*had, value.removeprefix("mute:")]
    before = everything(room)
    again = client.post(path, data={"step": value})
    assert again.status_code == 200
    assert changed(room, before) == set()
    client.post(undo_path(page.text))
    assert current_mutes(room) == had


def test_the_follow_can_be_stopped_and_nothing_else_muted(
    client: TestClient, room: Installation, path: str
) -> None:
    assert client.post(path, data={"step": "mute:nepal & !asia"}).status_code == 422
    assert client.post(path, data={"step": "everything"}).status_code == 422
    names = follow_names(room)
    page = client.post(path, data={"step": "follow"}).text
    assert len(follow_names(room)) == len(names) - 1
    client.post(undo_path(page))
    assert follow_names(room) == names
