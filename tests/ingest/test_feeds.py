"""RSS, RDF and Atom: whole feeds, and what is none."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.errors import RejectedDocument
from mailer.ingest.documents import read_document
from mailer.ingest.feed_entries import facts_from_json, read_entries
from mailer.ingest.feeds import xml_root
from tests.ingest.syndicated import parse, rss

RSS = "<?xml version='1.0' encoding='UTF-8'?>\n<!-- by hand -->\n" + rss(
    """<item>
      <title>Lanterns &amp;amp; ferries</title>
      <link>https://meridian.example/en/lanterns</link>
      <guid isPermaLink="false">md-1</guid>
      <pubDate>Mon, 16 Oct 2023 19:20:00 +0900</pubDate>
      <dc:creator>Yun Ha-eun</dc:creator>
      <category>JAPAN – SOUTH KOREA</category><category>Travel</category><category>travel</category>
      <description>&lt;p&gt;A &lt;b&gt;short&lt;/b&gt; word.&lt;/p&gt;</description>
      <media:content url="https://meridian.example/ship.jpg">
        <media:title>Ship</media:title></media:content>
      <content:encoded><![CDATA[<p>One <a href="/two">two</a>.</p>
        <script>three()</script>]]></content:encoded>
    </item>""",
    channel="<title>Desk</title><link>https://meridian.example/</link><language>en-gb</language>",
)


def test_an_rss_item_becomes_a_story() -> None:
    document = read_document(RSS.encode(), name="feed.xml")
    assert (document.kind, document.rejections) == ("rss", ())
    assert document.drafts == (
        StoryDraft(
            uid="md-1",
            title="Lanterns & ferries",
            url="https://meridian.example/en/lanterns",
            summary="A short word.",
            body_html='<p>One <a href="https://meridian.example/two">two</a>.</p>',
            byline="Yun Ha-eun",
            language="en-gb",
            published_at=datetime(2023, 10, 16, 10, 20, tzinfo=UTC),
            kicker=("Japan", "South Korea"),
            topics=("Travel",),
        ),
    )


def test_an_atom_entry_becomes_a_story() -> None:
    feed = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="it"
        xml:base="https://meridian.example/it/">
      <title>Desk</title><entry>
        <id>tag:meridian.example,2023:1</id><link href="lanterne"/>
        <title type="html">Lanterne &amp;amp; &lt;em&gt;traghetti&lt;/em&gt;</title>
        <updated>2023-10-17T00:00:00Z</updated><published>2023-10-16T19:20:00+09:00</published>
        <author><name>Yun Ha-eun</name></author><author><name>Ito Mari</name></author>
        <category term="viaggi" label="Viaggi"/><summary>Breve.</summary>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">
          <p>Uno <a href="due">due</a></p></div></content>
      </entry></feed>"""
    document = read_document(feed.encode(), name="feed.xml", content_type="text/plain")
    assert document.kind == "atom"
    assert document.drafts == (
        StoryDraft(
            uid="tag:meridian.example,2023:1",
            title="Lanterne & traghetti",
            url="https://meridian.example/it/lanterne",
            summary="Breve.",
            body_html='<p>Uno <a href="https://meridian.example/it/due">due</a></p>',
            byline="Yun Ha-eun, Ito Mari",
            language="it",
            published_at=datetime(2023, 10, 16, 10, 20, tzinfo=UTC),
            topics=("Viaggi",),
        ),
    )


def test_an_rdf_feed_is_rss() -> None:
    feed = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <item rdf:about="https://meridian.example/1"><title>One</title>
        <link>https://meridian.example/1</link>
        <dc:date>2023-10-16T19:20:00Z</dc:date></item></rdf:RDF>"""
    document = read_document(feed.encode(), name="feed.rdf")
    assert (document.kind, document.drafts[0].uid) == ("rss", "https://meridian.example/1")
    assert document.drafts[0].published_at == datetime(2023, 10, 16, 19, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("home", "links"),
    [
        ("", ("https://news.example/a/1", "https://news.example/2")),
        ("<link>/it/</link>", ("https://news.example/it/1", "https://news.example/2")),
        (
            "<link>https://other.example/</link>",
            ("https://other.example/1", "https://other.example/2"),
        ),
    ],
    ids=["where it was found", "its own, relative too", "its own"],
)
def test_relative_links_start_from_the_feeds_link_or_where_it_was_found(
    home: str, links: tuple[str, ...]
) -> None:
    items = "".join(f"<item><title>{n}</title><link>{n}</link></item>" for n in ("1", "/2"))
    feed = rss(items, channel=home)
    document = read_document(feed.encode(), name="x", address="https://news.example/a/feed.xml")
    assert tuple(draft.url for draft in document.drafts) == links


def test_an_entry_without_a_title_does_not_lose_the_others() -> None:
    document = parse(
        rss("<item><title>a</title></item>", "<item/>", "<item><title>b</title></item>")
    )
    assert [draft.title for draft in document.drafts] == ["a", "b"]
    assert [rejection.item for rejection in document.rejections] == ["entry 2"]
    assert "has no title" in document.rejections[0].reason


def test_a_uid_that_comes_twice_is_taken_once() -> None:
    one, same, other = (f"<item><guid>1</guid><title>{title}</title></item>" for title in "aab")
    document = parse(rss(one, same, other))
    assert [draft.title for draft in document.drafts] == ["a"]
    assert [rejection.item for rejection in document.rejections] == ["entry 3 (b)"]


def test_a_feed_without_entries_is_no_error() -> None:
    assert read_document(rss().encode(), name="x") == ParsedDocument("rss", ())


def test_a_broken_feed_is_read_as_far_as_it_goes() -> None:
    broken = rss("<item><title>a & b</title></item>")[:-20] + "<item><title>c</title><oops"
    assert [draft.title for draft in parse(broken).drafts][:1] == ["a & b"]


def test_a_feed_is_read_in_the_encoding_it_declares() -> None:
    feed = "<?xml version='1.0' encoding='windows-1251'?>" + rss(
        "<item><title>Паром</title></item>"
    )
    assert read_document(feed.encode("cp1251"), name="x").drafts[0].title == "Паром"
    by_header = feed.replace(" encoding='windows-1251'", "").encode("koi8-r")
    document = read_document(by_header, name="x", content_type="application/xml; charset=KOI8-R")
    assert document.drafts[0].title == "Паром"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("<?xml version='1.0'?><urlset/>", "root 'urlset'", id="a site map"),
        pytest.param("<opml version='2.0'><body/></opml>", "feeds add", id="a list of feeds"),
        pytest.param("<?xml version='1.0'?>", "root ''", id="no root"),
        pytest.param(
            "<rdf:RDF xmlns:rdf='urn:x'><x/></rdf:RDF>", "no RSS or Atom", id="a feed in name only"
        ),
    ],
)
def test_xml_that_is_no_feed_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(RejectedDocument, match=reason):
        read_document(text.encode(), name="x.xml")


@pytest.mark.parametrize(
    ("text", "root"),
    [
        pytest.param("<rss>", "rss", id="plain"),
        pytest.param(
            "\n<?xml?><!-- <a> --><!DOCTYPE x [<!ENTITY y '>'>]><a:Feed x='1'>",
            "feed",
            id="all before it",
        ),
        pytest.param("<!DOCTYPE html><html>", "html", id="HTML"),
        pytest.param("<!-- <rss>", "", id="a comment left open"),
        pytest.param("no tag", "", id="none"),
        pytest.param("< rss>", "", id="a sign"),
    ],
)
def test_the_root_is_found_behind_the_prolog(text: str, root: str) -> None:
    assert xml_root(text)[0] == root


def test_facts_survive_the_way_between_processes() -> None:
    facts = read_entries(RSS.encode(), 5)
    assert facts_from_json(json.dumps(asdict(facts))) == facts
