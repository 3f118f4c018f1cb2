"""The elements of a feed's entry, one by one."""

from datetime import UTC, datetime

import pytest

from tests.ingest.syndicated import parse, rss


@pytest.mark.parametrize(
    ("item", "field", "value"),
    [
        pytest.param(
            "<link>https://x.example/1</link>",
            "uid",
            "https://x.example/1",
            id="the link is the uid when there is no guid",
        ),
        pytest.param(
            "<guid>https://x.example/2</guid>",
            "url",
            "https://x.example/2",
            id="a permanent guid is the address",
        ),
        pytest.param(
            "<link>javascript:alert(1)</link>",
            "url",
            "",
            id="a link that runs is none",
        ),
        pytest.param(
            "<link>/en/1</link>",
            "url",
            "https://x.example/en/1",
            id="a link from the feed's own",
        ),
        pytest.param("<title>a\n  b</title>", "title", "a b", id="a title is one line"),
        pytest.param(
            "<title>1 &lt; 2 &amp;quot;</title>", "title", '1 < 2 "', id="signs in a title"
        ),
        pytest.param(
            "<title>a &lt;i&gt;b&lt;/i&gt;&lt;script&gt;c&lt;/script&gt;</title>",
            "title",
            "a b",
            id="markup in a title",
        ),
        pytest.param(
            "<title>a&#x202E;b&#x2028;c&#8203;</title>", "title", "ab c", id="controls in a title"
        ),
        pytest.param(
            f"<title>{'word ' * 100}</title>", "title", "word " * 59 + "word…", id="a title of 300"
        ),
        pytest.param(
            "<title>CHINA – JAPAN: Talks resume</title>",
            "kicker",
            ("China", "Japan"),
            id="a kicker before the title",
        ),
        pytest.param(
            "<title>CHINA – JAPAN\nTalks resume</title>",
            "title",
            "Talks resume",
            id="a kicker above the title",
        ),
        pytest.param(
            "<title>CHINA – JAPAN Talks resume</title>",
            "title",
            "CHINA – JAPAN Talks resume",
            id="a kicker not clearly apart",
        ),
        pytest.param(
            "<category>UN</category><category>JAPAN – UN</category>",
            "kicker",
            ("Japan", "UN"),
            id="a kicker among the categories",
        ),
        pytest.param(
            "<category>#Peace</category><category>***</category><category> </category>",
            "topics",
            ("Peace",),
            id="categories without letters",
        ),
        pytest.param(
            "".join(f"<category>t{n}</category>" for n in range(99)),
            "topics",
            tuple(f"t{n}" for n in range(30)),
            id="thirty tags",
        ),
        pytest.param("<pubDate>nonsense</pubDate>", "published_at", None, id="no date"),
        pytest.param(
            "<pubDate>2023-10-16 19:20</pubDate>",
            "published_at",
            datetime(2023, 10, 16, 19, 20, tzinfo=UTC),
            id="a date without a zone",
        ),
        pytest.param(
            "<author>jo@x.example (Jo Doe)</author>",
            "byline",
            "Jo Doe",
            id="an author with an address",
        ),
        pytest.param(
            "<author>jo@x.example</author>",
            "byline",
            "",
            id="an author who is an address",
        ),
        pytest.param(
            "<dc:creator>By Jo Doe</dc:creator>",
            "byline",
            "Jo Doe",
            id="an author who says by",
        ),
        pytest.param(
            "<description>1 &lt; 2 and\n3</description>",
            "summary",
            "1 < 2 and 3",
            id="a plain description",
        ),
        pytest.param(
            f"<description>{'word ' * 300}</description>",
            "summary",
            "word " * 198 + "word…",
            id="a summary of 1,000",
        ),
        pytest.param(
            "<description>b</description>",
            "body_html",
            "",
            id="a description is not the body",
        ),
        pytest.param(
            "<content:encoded>&lt;p&gt;b&lt;/p&gt;&lt;p&gt;c&lt;/p&gt;</content:encoded>",
            "summary",
            "b",
            id="content alone begins with the summary",
        ),
        pytest.param(
            "<description>" + "&lt;p&gt;" + "b " * 600 + "&lt;/p&gt;</description>",
            "body_html",
            "<p>" + ("b " * 600).strip() + "</p>",
            id="a long description is the body",
        ),
    ],
)
def test_each_element_gives_its_field(item: str, field: str, value: object) -> None:
    title = "" if "<title>" in item else "<title>a</title>"
    feed = rss(f"<item>{title}{item}</item>", channel="<link>https://x.example/</link>")
    (draft,) = parse(feed).drafts
    assert getattr(draft, field) == value


def test_a_guid_too_long_for_a_uid_becomes_a_hash() -> None:
    items = (f"<item><title>a</title><guid>{'g' * 300}{n}</guid></item>" for n in range(2))
    first, second = parse(rss(*items)).drafts
    assert first.uid != second.uid
    assert first.uid.startswith("sha256:")
