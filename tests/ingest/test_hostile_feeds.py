"""Feeds made to be slow, large, or to read what is not theirs (S13)."""

import pytest

from mailer.errors import RejectedDocument
from mailer.ingest.documents import read_document
from mailer.ingest.feeds import read_feed
from tests.ingest.syndicated import rss

LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "lol">' for n in range(12)
)


@pytest.mark.parametrize(
    "prolog",
    [
        pytest.param(f"<!DOCTYPE rss [{LAUGHS}]>", id="laughs"),
        pytest.param(
            '<!DOCTYPE rss [<!ENTITY l11 "' + "a" * 1_000_000 + '">]>', id="one long entity"
        ),
        pytest.param('<!DOCTYPE rss [<!ENTITY l11 SYSTEM "file:///etc/passwd">]>', id="a file"),
        pytest.param('<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">', id="an outside type"),
        pytest.param("<!DOCTYPE rss [<!ENTITY % x \"<!ENTITY l11 'y'>\"> %x;]>", id="parameters"),
        pytest.param("\n" * 1_000_000, id="empty lines"),
        pytest.param("<!--" + "<rss>" * 100_000 + "-->", id="a comment"),
    ],
)
@pytest.mark.timeout(10)
def test_an_entity_stays_a_name(prolog: str) -> None:
    feed = f"<?xml version='1.0'?>{prolog}" + rss(
        f"<item><title>before {'&l11;' * 20} after</title></item>"
    )
    document = read_document(feed.encode(), name="bomb.xml")
    assert document.drafts[0].title == f"before {'&l11;' * 20} after"


def test_a_feed_that_takes_too_long_is_given_up() -> None:
    slow = rss("<item><title>x" + '<a b="' * 400_000)
    with pytest.raises(RejectedDocument, match=r"took more than 0\.5 s"):
        read_feed(slow, name="slow.xml", seconds=0.5)


def test_a_number_without_end_does_not_break_the_feed() -> None:
    feed = rss(f"<item><title>a&#{'9' * 9000};</title></item>")
    assert read_document(feed.encode(), name="x").drafts[0].title == "a\ufffd"


def test_a_control_character_does_not_break_the_feed() -> None:
    feed = rss("<item><title>a\x0b\x1b[31mb</title></item>", "<item><title>c</title></item>")
    assert [draft.title for draft in read_document(feed.encode(), name="x").drafts] == [
        "a[31mb",
        "c",
    ]
