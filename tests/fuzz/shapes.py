"""Strategies: valid feeds, stories, reports, lists and links, and a damage that may befall each."""

import csv
import io
import json
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from tests.bounces import shapes
from tests.ingest.printed import HTML_PAGE, PAGE

ODD = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\r\n",
        "\u2028",
        "\u202e",
        "\ufeff",
        "é" * 3000,
        "<![CDATA[",
        "]]>",
        "<!--",
        "<!DOCTYPE x [<!ENTITY y 'z'>]>",
        "&y;",
        "&#0;",
        "&#xd800;",
        "&#" + "9" * 5000 + ";",
        "<b>" * 300,
        "<object>",
        "<script>alert(1)</script>",
        "</item><item>",
        "</entry>",
        "javascript:alert(1)",
        "http://[::1",
        "//user:pass@host/",
        '"',
        "'",
        "{",
        "}]",
        "\x1b[31m",
        "=?utf-8?b?////?=",
        "\n\n--b1\n\n",
        "Content-Transfer-Encoding: base64\n",
        "\ud800",
        "9" * 400,
        "1e999",
        "-1",
    ]
)
TEXTS = st.one_of(st.text(max_size=30), ODD, st.sampled_from(["CHINA – JAPAN", "A <i>word</i>"]))
ADDRESSES = st.one_of(
    st.sampled_from(["https://x.example/1", "/2", "3?a=b#c", "mailto:a@b", "file:///etc/passwd"]),
    TEXTS,
)
MOMENTS = st.one_of(
    st.datetimes().map(lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT")),
    st.datetimes().map(lambda at: at.isoformat() + "Z"),
    st.sampled_from(["Sun, 31 Jun 2026 25:61:61 +9999", "0000-00-00", "today", "10000-01-01"]),
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "shift_jis"])


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[str]) -> str:
    """Draw a text in which some stretches are lost, doubled, moved or replaced."""
    text = draw(whole)
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.integers(0, 40)))
        stretch = draw(st.sampled_from(["", text[begin:end] * 2, text[:begin][-40:]]))
        text = text[:begin] + stretch + draw(ODD) + text[end:]
    return text


@st.composite
def encoded(draw: st.DrawFn, whole: st.SearchStrategy[str]) -> bytes:
    """Draw the bytes of a text in some encoding, with now and then a byte wrong."""
    content = bytearray(draw(whole).encode(draw(ENCODINGS), "replace"))
    for _ in range(draw(st.integers(0, 2))):
        if content:
            content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(content)


_WRITTEN = st.one_of(TEXTS.map(escape), TEXTS, TEXTS.map(lambda words: f"<![CDATA[{words}]]>"))


@st.composite
def feeds(draw: st.DrawFn) -> str:
    """Draw an RSS, RDF or Atom feed, its texts escaped or not."""
    is_atom = draw(st.booleans())
    items = []
    for _ in range(draw(st.integers(0, 4))):
        title, summary, body = (draw(_WRITTEN) for _ in range(3))
        link, moment = escape(draw(ADDRESSES)), draw(MOMENTS)
        names = ("id", "updated", "summary") if is_atom else ("guid", "pubDate", "description")
        place = f'<link href="{link}"/>' if is_atom else f"<link>{link}</link>"
        kept = [
            f"<title>{title}</title>",
            place,
            f"<{names[0]}>{draw(TEXTS.map(escape))}</{names[0]}>",
            f"<{names[1]}>{moment}</{names[1]}>",
            f"<{names[2]}>{summary}</{names[2]}>",
            f"<content:encoded>{body}</content:encoded>",
            f"<category>{draw(TEXTS.map(escape))}</category>",
        ]
        items.append("".join(draw(st.permutations(kept))[: draw(st.integers(1, 7))]))
    if is_atom:
        inside = "".join(f"<entry>{item}</entry>" for item in items)
        return f'<feed xmlns="http://www.w3.org/2005/Atom">{inside}</feed>'
    inside = "".join(f"<item>{item}</item>" for item in items)
    root = draw(st.sampled_from(["rss", "rdf:RDF"]))
    return f'<?xml version="1.0"?><{root} version="2.0"><channel>{inside}</channel></{root}>'


@st.composite
def story_lines(draw: st.DrawFn) -> str:
    """Draw JSON stories: lines, a list, or a JSON Feed."""
    values = st.one_of(TEXTS, st.none(), st.integers(), st.lists(TEXTS, max_size=2), st.booleans())
    names = st.sampled_from([
        "uid", "id", "title", "url", "summary", "body_html", "content_html", "byline", "language",
        "published_at", "date_published", "kicker", "tags", "topics", "see_also", "urgent",
    ])  # fmt: skip
    stories = draw(st.lists(st.dictionaries(names, values, max_size=8), max_size=4))
    for story in stories:
        if draw(st.booleans()):
            story["title"] = "A title"
    form = draw(st.sampled_from(["lines", "list", "feed"]))
    if form == "lines":
        return "\n".join(map(json.dumps, stories))
    if form == "list":
        return json.dumps(stories)
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": stories})


PAGES = st.sampled_from([PAGE, HTML_PAGE])

REPORTS = st.sampled_from([
    shapes.postfix("5.1.1", "550 no such user"), shapes.sendmail(), shapes.exchange(),
    shapes.gmail(), shapes.in_base64(), shapes.exim(), shapes.qmail(), shapes.arf(),
    shapes.outlook_complaint(),
]).map(lambda content: content.decode("utf-8", "surrogateescape"))  # fmt: skip


@st.composite
def reader_lists(draw: st.DrawFn) -> str:
    """Draw a list of readers with the delimiter of some program."""
    columns = draw(st.permutations(["email", "name", "locale", "timezone", "hour", "format"]))
    cells = {
        "email": st.one_of(
            st.sampled_from(["a@x.example", "A@X.example", "b@é.example", "c"]), TEXTS
        ),
        "name": TEXTS,
        "locale": st.sampled_from(["en", "ko", "xx", ""]),
        "timezone": st.sampled_from(["Asia/Seoul", "UTC", "Mars/Base", ""]),
        "hour": st.sampled_from(["7", "07:00", "25", "", "-1", "¼"]),
        "format": st.sampled_from(["text", "HTML", "pdf", ""]),
    }
    page = io.StringIO()
    writer = csv.writer(page, delimiter=draw(st.sampled_from([",", ";", "\t"])))
    writer.writerow(columns)
    for _ in range(draw(st.integers(0, 5))):
        writer.writerow([draw(cells[column]).replace("\0", "") for column in columns])
    return page.getvalue()
