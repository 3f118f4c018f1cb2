"""What a document is, in which encoding, and how it is refused."""

import json
import string
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailer.core.stories import ParsedDocument
from mailer.errors import RejectedDocument
from mailer.ingest.documents import MAX_DOCUMENT_BYTES, read_document
from mailer.ingest.feed_entries import read_entries
from mailer.ingest.feeds import feed_document
from tests.ingest.printed import HTML_PAGE, PAGE

STORY = json.dumps({"title": "a", "uid": "b", "body_html": "<p>c</p>", "see_also": ["d"]})
LINES = "\n".join([STORY, STORY.replace('"b"', '"e"')])
FEED = (
    '<rss version="2.0"><channel><item><title>a</title><guid>b</guid><link>https://x.example/</link>'
    "<pubDate>Mon, 16 Oct 2023 19:20:00 GMT</pubDate><category>JAPAN – CHINA</category>"
    "<description>&lt;p&gt;c&lt;/p&gt;</description></item></channel></rss>"
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b"\xef\xbb\xbf \r\n\t\n", "is empty", id="white space"),
        pytest.param(b" " * (MAX_DOCUMENT_BYTES + 1), "larger than 20 MiB", id="too large"),
        pytest.param(b"%PDF-1.7\n...", "is a PDF", id="PDF"),
        pytest.param(b"PK\x03\x04....", "zip or office", id="office file"),
        pytest.param(b"\x1f\x8b\x08....", "is compressed", id="gzip"),
        pytest.param(b"\x89PNG\r\n", "is a picture", id="picture"),
        pytest.param(bytes(range(256)) * 10, "is not text", id="bytes"),
        pytest.param(b"a\x00b\x00", "is not text", id="UTF-16 without a mark"),
        pytest.param(b"hello", "no article", id="a word"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_mend(content: bytes, reason: str) -> None:
    with pytest.raises(RejectedDocument, match=reason) as caught:
        read_document(content, name="thing.bin")
    assert "'thing.bin'" in str(caught.value)
    assert ": " in str(caught.value), "says how to mend it"


def test_the_name_in_a_message_is_harmless() -> None:
    with pytest.raises(RejectedDocument) as caught:
        read_document(b"", name="x\x1b[31m\r\ny" + "z" * 500)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("content_type", "content", "title"),
    [
        pytest.param("", STORY.replace('"a"', '"é"').encode(), "é", id="UTF-8"),
        pytest.param("", STORY.replace('"a"', '"é"').encode("cp1252"), "é", id="Windows-1252"),
        pytest.param("", STORY.replace('"a"', '"é"').encode("utf-16"), "é", id="UTF-16, marked"),
        pytest.param(
            "", STORY.replace('"a"', '"é"').encode("utf-16-be"), "é", id="UTF-16, not marked"
        ),
        pytest.param("", STORY.replace('"a"', '"é"').encode("utf-32"), "é", id="UTF-32, marked"),
        pytest.param(
            "",
            "<rss><channel><item><title>é</title></item></channel></rss>".encode("utf-32-le"),
            "é",
            id="UTF-32 little end, not marked",
        ),
        pytest.param(
            "",
            "<rss><channel><item><title>é</title></item></channel></rss>".encode("utf-32-be"),
            "é",
            id="UTF-32 big end, not marked",
        ),
        pytest.param(
            "text/plain; charset=big5",
            STORY.replace('"a"', '"中文"').encode("big5"),
            "中文",
            id="by header",
        ),
        pytest.param(
            "text/plain; charset=latin1",
            STORY.replace('"a"', '"“é”"').encode("cp1252"),
            "“é”",
            id="Latin-1 means Windows-1252",
        ),
        pytest.param(
            "text/plain; charset=punycode",
            STORY.replace('"a"', '"é"').encode(),
            "é",
            id="no encoding of documents",
        ),
        pytest.param(
            "text/plain; charset=ascii",
            STORY.replace('"a"', '"é"').encode(),
            "Ã©",
            id="the header is believed",
        ),
        pytest.param(
            "text/plain; charset=iso-2022-jp",
            STORY.replace('"a"', '"é"').encode(),
            "é",
            id="unless it cannot be",
        ),
    ],
)
def test_a_document_is_read_in_the_encoding_it_is_in(
    content_type: str, content: bytes, title: str
) -> None:
    (draft,) = read_document(content, name="x.json", content_type=content_type).drafts
    assert draft.title == title


def read_or_reject(content: bytes, name: str) -> ParsedDocument | None:
    begun = time.monotonic()
    try:
        document = read_document(content, name=name)
    except RejectedDocument:
        return None
    finally:
        assert time.monotonic() - begun < 5
    check(document)
    return document


def check(document: ParsedDocument) -> None:
    """See that everything in a document is clean and within its cap."""
    assert len({draft.uid for draft in document.drafts}) == len(document.drafts)
    for draft in document.drafts:
        assert 0 < len(draft.uid) <= 200
        assert 0 < len(draft.title) <= 300
        assert len(draft.summary) <= 1000
        assert len(draft.body_html.encode()) <= 64 * 1024
        assert len(draft.kicker) + len(draft.topics) <= 30
        assert draft.url == "" or draft.url.startswith(("http://", "https://"))
        for text in (draft.uid, draft.title, draft.byline, draft.dateline, draft.language):
            assert "\n" not in text
        for instant in (draft.published_at, draft.embargo_until_at):
            assert instant is None or instant.utcoffset() is not None
        assert len(draft.content_hash()) == 64, "encodes: no half characters"


@given(st.binary(max_size=300), st.sampled_from(["x", "x.jsonl", "x.html", "x.xml"]))
@example(b"\xff\xfe\x00", "x")
@example(b"\xff\xfe\x00\x00\x01", "x")
@example(b"<", "x")
@example(b"{", "x.jsonl")
@example(b"[]", "x.jsonl")
@example(b"null", "x.jsonl")
def test_any_bytes_are_read_or_rejected(content: bytes, name: str) -> None:
    if not content.lstrip().lower().startswith((b"<rss", b"<feed", b"<rdf", b"<channel")):
        read_or_reject(content, name)


@st.composite
def mutations(draw: st.DrawFn, original: str) -> str:
    """Draw a document in which some stretches are lost, doubled or replaced by something odd."""
    text = original
    odd = st.sampled_from(
        [
            "\x00",
            "\u202e",
            "\u2028",
            "\ud7ff",
            "<",
            ">",
            "&",
            '"',
            "'",
            "\\",
            "{",
            "}",
            "[",
            "]",
            ",",
            "\n\n",
            "\r",
            "<b>" * 70,
            "&#0;",
            "&#x110000;",
            "99/99/9999",
            "0001-01-01",
            "12/31/2100 24:59",
            "TAGs\n",
            "See also\n",
            "by A B\n",
            " – ",
            "1e999",
            "\\ud800",
            "\\u0000",
            "null",
            "中文",
            "\u0301",
            "https://[",
            "%00",
        ]
    ) | st.text(string.printable, max_size=8)
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 1, 5, 40])))
        middle = draw(st.one_of(odd, st.just(text[start:end] * 2)))
        text = text[:start] + middle + text[end:]
    return text


@given(st.one_of(mutations(PAGE), mutations(HTML_PAGE), mutations(LINES), mutations(f"[{STORY}]")))
@settings(max_examples=300)
def test_a_damaged_document_is_read_or_rejected(text: str) -> None:
    if not text.lstrip().startswith(("<rss", "<feed")):
        read_or_reject(text.encode("utf-8", "replace"), "x")


@given(mutations(FEED))
@settings(max_examples=200)
def test_a_damaged_feed_gives_clean_stories(text: str) -> None:
    try:
        facts = read_entries(text.encode("utf-8", "replace"), 100)
    except Exception:  # noqa: BLE001 - feedparser may fail in any way, in its own process
        return
    check(feed_document(facts))


@pytest.mark.parametrize(
    "content", [FEED[:150], FEED.replace("<", "< "), FEED[::-1], "<rss>" * 2000]
)
def test_a_broken_feed_is_read_or_rejected(content: str) -> None:
    read_or_reject(content.encode(), "x.xml")
