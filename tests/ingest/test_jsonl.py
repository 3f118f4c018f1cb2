"""JSON Lines, arrays of stories, and one story alone."""

import json
from datetime import UTC, date, datetime

import pytest

from mailer.core.stories import ParsedDocument, Rejection, SeeAlso, StoryDraft
from mailer.errors import RejectedDocument
from mailer.ingest.documents import read_document

WHOLE = {
    "uid": "md-1",
    "url": "https://meridian.example/en/lanterns",
    "title": "Lanterns\nover Osaka",
    "summary": "A short word.",
    "body_html": '<p>One <a href="/two">two</a>.</p><script>three()</script>',
    "byline": "by Yun Ha-eun",
    "dateline": "Osaka",
    "language": "en_GB",
    "published_at": "2023-10-16T19:20:00+09:00",
    "embargo_until": "2023-10-17T00:00:00Z",
    "urgent": True,
    "kicker": ["Japan", "South Korea"],
    "tags": ["travel", "TRAVEL", "japan", "light"],
    "see_also": [
        {"title": "One", "url": "/one", "published_on": "2016-02-12"},
        {"title": "Two", "url": None, "published_at": "2016-02-13T00:00:00+09:00"},
        "Three",
    ],
    "print_column": 3,
}
DRAFT = StoryDraft(
    uid="md-1",
    title="Lanterns over Osaka",
    url="https://meridian.example/en/lanterns",
    summary="A short word.",
    body_html='<p>One <a href="https://meridian.example/two">two</a>.</p>',
    byline="Yun Ha-eun",
    dateline="Osaka",
    language="en-GB",
    published_at=datetime(2023, 10, 16, 10, 20, tzinfo=UTC),
    embargo_until_at=datetime(2023, 10, 17, tzinfo=UTC),
    urgent=True,
    kicker=("Japan", "South Korea"),
    topics=("travel", "light"),
    see_also=(
        SeeAlso("One", "https://meridian.example/one", date(2016, 2, 12)),
        SeeAlso("Two", "", date(2016, 2, 13)),
        SeeAlso("Three"),
    ),
)


def read(*values: object, name: str = "stories.jsonl") -> ParsedDocument:
    lines = "\n".join(v if isinstance(v, str) else json.dumps(v) for v in values)
    return read_document(lines.encode(), name=name)


def story(**fields: object) -> dict[str, object]:
    return {"title": "a", **fields}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param(json.dumps(WHOLE), "stories.jsonl", id="one line"),
        pytest.param(
            "\ufeff\n" + json.dumps(WHOLE) + "\r\n\r\n", "stories.jsonl", id="empty lines"
        ),
        pytest.param(json.dumps(WHOLE), "stories", id="no name"),
        pytest.param(json.dumps(WHOLE, indent=2), "story.json", id="one object over many lines"),
        pytest.param(json.dumps([WHOLE]), "stories.jsonl", id="an array"),
        pytest.param(json.dumps([WHOLE], indent=2), "x", id="an array over many lines"),
    ],
)
def test_a_story_is_read_from_every_kind_of_json(text: str, name: str) -> None:
    assert read_document(text.encode(), name=name) == ParsedDocument("jsonl", (DRAFT,))


def test_a_bad_line_does_not_lose_the_others() -> None:
    document = read("not json", story(), "", "[1]", '{"title": ', {"title": " "}, story(uid="z"))
    assert [draft.title for draft in document.drafts] == ["a", "a"]
    assert [
        (rejection.item, rejection.reason.split(":")[0]) for rejection in document.rejections
    ] == [
        ("line 1", "is not JSON at character 1"),
        ("line 4", "is not an object"),
        ("line 5", "is not JSON at character 10"),
        ("line 6", "has no title"),
    ]


def test_a_bad_first_line_is_seen_without_a_name_too() -> None:
    document = read("{broken", story(), name="export")
    assert (len(document.drafts), len(document.rejections)) == (1, 1)
    document = read("broken", story(), name="export")
    assert (len(document.drafts), len(document.rejections)) == (1, 1)


def test_a_bad_item_of_an_array_does_not_lose_the_others() -> None:
    document = read([story(), 7, story(uid=8)])
    assert [draft.uid for draft in document.drafts][1:] == ["8"]
    assert document.rejections == (
        Rejection("item 2", "is not an object: write one story as {...}"),
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param(
            {"title": 7}, "title is 7: write text in quotes", id="a title of another type"
        ),
        pytest.param(
            {"summary": ["x"]}, "summary is a list: write text in quotes", id="a list for text"
        ),
        pytest.param(
            {"urgent": "yes"}, 'urgent is "yes": write true or false', id="a word for a flag"
        ),
        pytest.param(
            {"url": "javascript:alert(1)"},
            'url is "javascript:alert(1)": write an address',
            id="an address that runs",
        ),
        pytest.param(
            {"published_at": "16 past"},
            'published_at is "16 past": write it as 2023',
            id="an unreadable date",
        ),
        pytest.param(
            {"embargo_until": "soon"},
            'embargo_until is "soon": write it as',
            id="an unreadable embargo",
        ),
        pytest.param(
            {"published_at": 1697484000},
            "published_at is 1697484000: write text",
            id="a number for a date",
        ),
        pytest.param(
            {"language": "the best one"},
            'language is "the best one": write a code',
            id="no language",
        ),
        pytest.param(
            {"kicker": [1]}, "kicker is 1: write each in quotes", id="numbers in the kicker"
        ),
        pytest.param(
            {"tags": {"a": 1}}, "tags is an object: write a list", id="an object for tags"
        ),
        pytest.param({"see_also": "x"}, 'see_also is "x": write a list', id="text for a list"),
        pytest.param(
            {"see_also": [1]}, "see_also is 1: write titles, or objects", id="numbers in a list"
        ),
        pytest.param(
            {"see_also": [{"title": "x", "published_on": "once"}]},
            'see_also published_on is "once"',
            id="an unreadable day",
        ),
        pytest.param({"uid": 10**400}, "uid is too large a number", id="a uid too large"),
        pytest.param({"uid": {}}, "uid is an object", id="an object for the uid"),
        pytest.param(
            {"title": "x\u202e\u0007", "url": "\u202ehttp:\u001b]0;x" + "y" * 5000},
            'url is "http:',
            id="controls in the reason",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_value(fields: dict[str, object], reason: str) -> None:
    document = read(story(uid="good"), story(**fields))
    assert [draft.uid for draft in document.drafts] == ["good"]
    (rejection,) = document.rejections
    assert rejection.item == "line 2"
    assert rejection.reason.startswith(reason)
    assert rejection.reason.isprintable()
    assert len(rejection.reason) < 200


@pytest.mark.parametrize(
    ("fields", "field", "value"),
    [
        pytest.param({"id": 12}, "uid", "12", id="a number as id"),
        pytest.param({"uid": "a\r\nb\u202e"}, "uid", "a b", id="a uid on one line"),
        pytest.param(
            {"url": "https://x.example/1"}, "uid", "https://x.example/1", id="the address as uid"
        ),
        pytest.param(
            {"url": "https://x.example/é?q=“a”"},
            "url",
            "https://x.example/%C3%A9?q=%E2%80%9Ca%E2%80%9D",
            id="an address in ASCII",
        ),
        pytest.param(
            {"body": "one <b>\ntwo\n\nthree"},
            "body_html",
            "<p>one &lt;b&gt;<br>two</p><p>three</p>",
            id="plain paragraphs",
        ),
        pytest.param({"body": "one\ntwo"}, "body_html", "<p>one</p><p>two</p>", id="plain lines"),
        pytest.param({"author": "Jo"}, "byline", "Jo", id="author"),
        pytest.param(
            {"published_at": "2023-10-16 19:20"},
            "published_at",
            datetime(2023, 10, 16, 19, 20, tzinfo=UTC),
            id="no zone is UTC",
        ),
        pytest.param(
            {"date": "2023-10-16"}, "published_at", datetime(2023, 10, 16, tzinfo=UTC), id="a day"
        ),
        pytest.param(
            {"published": "Mon, 16 Oct 2023 19:20:00 GMT"},
            "published_at",
            datetime(2023, 10, 16, 19, 20, tzinfo=UTC),
            id="a mail date",
        ),
        pytest.param(
            {"published_at": None, "date": "2023-10-16"},
            "published_at",
            datetime(2023, 10, 16, tzinfo=UTC),
            id="null is not there",
        ),
        pytest.param(
            {"published_at": "2999-01-01"},
            "published_at",
            datetime(2999, 1, 1, tzinfo=UTC),
            id="far in the future",
        ),
        pytest.param(
            {"kicker": "CHINA – NORTH KOREA"},
            "kicker",
            ("China", "North Korea"),
            id="a kicker line",
        ),
        pytest.param(
            {"tags": ["CHINA – NORTH KOREA", "UN"]},
            "kicker",
            ("China", "North Korea"),
            id="a kicker among the tags",
        ),
        pytest.param({"tags": "a, b , ,c"}, "topics", ("a", "b", "c"), id="tags with commas"),
        pytest.param({"tags": ["t" * 100]}, "topics", ("t" * 79 + "…",), id="a long tag"),
        pytest.param(
            {"see_also": [str(n) for n in range(99)]},
            "see_also",
            tuple(SeeAlso(str(n)) for n in range(50)),
            id="fifty others",
        ),
        pytest.param({"summary": "x" * 2000}, "summary", "x" * 999 + "…", id="a long word"),
        pytest.param({"summary": "a\ud800\x00\tb"}, "summary", "a b", id="half a character"),
        pytest.param({"language": "zh-Hant-TW"}, "language", "zh-Hant-TW", id="a language"),
    ],
)
def test_a_field_is_read_in_each_way_it_may_be_written(
    fields: dict[str, object], field: str, value: object
) -> None:
    (draft,) = read(story(**fields)).drafts
    assert getattr(draft, field) == value


def test_without_any_id_the_uid_comes_from_title_and_date() -> None:
    first, second = read(story(), story(date="2023-10-16")).drafts
    assert first.uid.startswith("sha256:")
    assert first.uid != second.uid
    assert read(story()).drafts[0].uid == first.uid


def test_more_items_than_a_document_may_hold_are_named() -> None:
    document = read_document(b"{}\n" * 30_000, name="x.jsonl")
    assert len(document.rejections) == 1002
    assert document.rejections[-2].item == "line 20001 and what follows"
    assert document.rejections[-1].item == "19,000 more"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param('{"title": ', "is not JSON at character", id="half an object"),
        pytest.param(
            "{\n  'title': 1\n}", "is not JSON at line 2, character 3", id="single quotes"
        ),
        pytest.param("[" * 100_000, "nested too deep", id="deep"),
        pytest.param(
            '[{"uid": ' + "9" * 5000 + "}]", "thousands of digits", id="a number without end"
        ),
    ],
)
def test_broken_json_is_rejected_with_the_place(text: str, reason: str) -> None:
    with pytest.raises(RejectedDocument, match=reason):
        read_document(text.encode(), name="story.json")
