"""JSON Feed, 1.0 and 1.1."""

import json
from datetime import UTC, datetime

import pytest

from mailer.core.stories import StoryDraft
from mailer.ingest.documents import read_document

FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Desk",
    "home_page_url": "https://meridian.example/",
    "language": "en",
    "authors": [{"name": "The Desk"}],
    "items": [
        {
            "id": 1,
            "url": "/one",
            "title": "JAPAN – CHINA: One",
            "content_html": "<p>a <a href='two'>b</a></p><p>c</p>",
            "date_published": "2023-10-16T19:20:00+09:00",
            "authors": [{"name": "Jo"}, {"name": "Al"}, 3],
            "tags": ["travel", None],
        },
        {"id": "2", "title": "Two", "content_text": "a < b\n\nc", "summary": "d", "language": "it"},
        {"id": "3", "content_text": "no title"},
        "no item",
        {
            "id": "5",
            "title": "Five",
            "url": 7,
            "date_published": "once",
            "tags": "x",
            "authors": {},
        },
    ],
}


@pytest.mark.parametrize("version", ["1", "1.1"])
def test_a_json_feed_is_read(version: str) -> None:
    feed = FEED | {"version": f"https://jsonfeed.org/version/{version}"}
    document = read_document(json.dumps(feed).encode(), name="feed.json")
    assert document.kind == "jsonfeed"
    assert document.drafts == (
        StoryDraft(
            uid="1",
            title="One",
            url="https://meridian.example/one",
            summary="a b",
            body_html='<p>a <a href="https://meridian.example/two">b</a></p><p>c</p>',
            byline="Jo, Al",
            language="en",
            published_at=datetime(2023, 10, 16, 10, 20, tzinfo=UTC),
            kicker=("Japan", "China"),
            topics=("travel",),
        ),
        StoryDraft(
            uid="2",
            title="Two",
            summary="d",
            body_html="<p>a &lt; b</p><p>c</p>",
            byline="The Desk",
            language="it",
        ),
        StoryDraft(uid="5", title="Five", byline="The Desk", language="en"),
    )
    assert [rejection.item for rejection in document.rejections] == ["item 3", "item 4"]
