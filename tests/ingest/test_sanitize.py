"""The sanitiser: what stays, what goes, and what is cut at a cap."""

import re

import nh3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.ingest.sanitize import (
    MAX_BYTES,
    MAX_LINKS,
    clean_html,
    paragraphs_html,
    plain_text,
)

BASE = "https://meridian.example/en/story"


@pytest.mark.parametrize(
    ("source", "clean"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("<p>a</p>\n<p>b</p>", "<p>a</p><p>b</p>", id="paragraphs"),
        pytest.param("a<div>b</div>c", "<p>a</p><p>b</p><p>c</p>", id="divisions are paragraphs"),
        pytest.param("a<br>b<br> <br>c", "<p>a<br>b</p><p>c</p>", id="two breaks part paragraphs"),
        pytest.param("<h1>a</h1><h6>b</h6>", "<h2>a</h2><h4>b</h4>", id="headings are levelled"),
        pytest.param("<p> a \n b </p>", "<p>a b</p>", id="white space is one space"),
        pytest.param("<p>&nbsp;</p><p></p>x", "<p>x</p>", id="empty paragraphs go"),
        pytest.param(
            "<p>a&nbsp;b &lt;i&gt; &amp;amp;</p>",
            "<p>a&nbsp;b &lt;i&gt; &amp;amp;</p>",
            id="entities stay",
        ),
        pytest.param("a <object>b</object> c", "<p>a c</p>", id="what is hidden goes"),
        pytest.param(
            "a <object data=x> b <i>c</i><p>d",
            "<p>a b <i>c</i></p><p>d</p>",
            id="what hides and is never closed hides nothing",
        ),
        pytest.param(
            "</svg>a <svg>x</svg> <svg> b",
            "<p>a b</p>",
            id="an end before it ends nothing",
        ),
        pytest.param(
            "<b>a <i>b</b> c</i>", "<p><b>a <i>b</i></b><i> c</i></p>", id="marks are nested anew"
        ),
        pytest.param(
            "<p><b>a</p><p>b</p>",
            "<p><b>a</b></p><p>b</p>",
            id="a mark left open ends with its paragraph",
        ),
        pytest.param(
            "<ul><li>a<li>b<ol><li>c</ol></ul>",
            "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>",
            id="lists left open",
        ),
        pytest.param("<li>a</li>", "<ul><li>a</li></ul>", id="an item without a list"),
        pytest.param("<ul>a</ul>", "<ul><li>a</li></ul>", id="a list without an item"),
        pytest.param(
            "<blockquote>a<p>b</blockquote>c",
            "<blockquote><p>a</p><p>b</p></blockquote><p>c</p>",
            id="a quotation",
        ),
        pytest.param(
            "<table><tr><td>a<td>b<tr><th>c</table>", "<p>a b</p><p>c</p>", id="rows are paragraphs"
        ),
        pytest.param(
            '<p style="x" class="y" onclick="z()" id="w">a</p>', "<p>a</p>", id="attributes go"
        ),
        pytest.param(
            "a<script>b</script><style>c</style><svg><text>d</text></svg>",
            "<p>a</p>",
            id="code goes with its text",
        ),
        pytest.param(
            '<img src="x" alt="y">a<figure><img alt="y"><figcaption>z</figcaption></figure>',
            "<p>a</p>",
            id="pictures go with their words",
        ),
        pytest.param("<p>5 <del>6</del> 7</p>", "<p>5 7</p>", id="struck words go"),
        pytest.param("<p>1 < 2 & 3 > 2</p>", "<p>1 &lt; 2 &amp; 3 &gt; 2</p>", id="bare signs"),
        pytest.param(
            '<a title="a > b" href="/x">y</a>',
            '<p><a href="https://meridian.example/x">y</a></p>',
            id="a sign in an attribute",
        ),
        pytest.param(
            "<a href=/x>a <b>b</b> c</a>",
            '<p><a href="https://meridian.example/x">a <b>b</b> c</a></p>',
            id="marks in a link",
        ),
        pytest.param(
            "<a href='?a=1&amp;b=\"2\"'>x</a>",
            '<p><a href="https://meridian.example/en/story?a=1&amp;b=%222%22">x</a></p>',
            id="a query",
        ),
        pytest.param(
            "<a href='https://bücher.example/ü'>x</a>",
            '<p><a href="https://xn--bcher-kva.example/%C3%BC">x</a></p>',
            id="another alphabet",
        ),
        pytest.param("a\x00\x07\x1b[31mb\ufeff\ud800", "<p>a[31mb</p>", id="control characters"),
        pytest.param(
            "&#x202e;&#0;&#99999999999;a", "<p>\u202e\ufffd\ufffda</p>", id="impossible characters"
        ),
        pytest.param("&#" + "9" * 5000 + ";a", "<p>\ufffda</p>", id="a number without end"),
        pytest.param("a<!-- b --><![CDATA[c]]><?d?>e</>f", "<p>aef</p>", id="comments"),
        pytest.param("a<!-- b", "<p>a</p>", id="a comment left open"),
        pytest.param("a<b", "<p>a</p>", id="a tag left open"),
    ],
)
def test_only_the_text_and_its_shape_stay(source: str, clean: str) -> None:
    assert clean_html(source, BASE) == clean


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:1",
        "&#106;avascript:alert(1)",
        "vbscript:x",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://x/y",
        "mailto:a@example.org",
        "tel:1",
        "https://",
        "https://[",
        "//",
        "http://x:y/",
        "http://a b/",
        "https://user:secret@example.org/",
        "https://good.example\\@evil.example/",
        "http://" + "a" * 3000,
    ],
)
def test_a_link_to_anything_but_the_web_loses_its_mark(href: str) -> None:
    assert clean_html(f'<p><a href="{href}">a</a></p>', "") == "<p>a</p>"


def test_a_relative_link_without_a_base_loses_its_mark() -> None:
    assert (
        clean_html('<a href="/x">a</a> <a href="y">b</a> <a href="//z.example/">c</a>')
        == "<p>a b c</p>"
    )


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("<div>" * 100_000 + "x", id="divisions"),
        pytest.param("<blockquote>" * 100_000 + "x" + "</blockquote>" * 100_000, id="quotations"),
        pytest.param("<ul><li>" * 50_000 + "x", id="lists"),
        pytest.param("<b><i><em><a href='https://x.example/'>" * 25_000 + "x", id="marks"),
        pytest.param("".join(f"<b class={n}>" for n in range(30_000)) + "x", id="formatting"),
        pytest.param("<table><tr><td>" * 30_000 + "x", id="tables"),
    ],
)
def test_deep_nesting_is_flattened_and_the_text_stays(source: str) -> None:
    clean = clean_html(source)
    assert re.sub("<[^>]*>", "", clean) == "x"
    assert depth(clean) <= 64


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("<" * 50_000, id="signs"),
        pytest.param("&" * 200_000, id="ampersands"),
        pytest.param("<!--" * 100_000, id="comments"),
        pytest.param('<a b="' * 100_000, id="quotes"),
        pytest.param("<a b=\"x>'" * 50_000, id="mixed quotes"),
        pytest.param("<a =" + " " * 300_000, id="spaces"),
        pytest.param("<a " + "a" * 300_000 + ">x", id="a long attribute"),
        pytest.param("<script>" * 100_000, id="scripts"),
        pytest.param("</p>" * 30_000, id="ends without begin"),
        pytest.param("<a href=https://x.example/>y" * 8_000, id="links"),
        pytest.param("<br>x" * 20_000, id="breaks"),
        pytest.param("x" * 3_000_000, id="one word"),
        pytest.param("word " * 300_000, id="one paragraph"),
    ],
)
@pytest.mark.timeout(10)
def test_hostile_input_is_small_when_it_comes_out(source: str) -> None:
    clean = clean_html(source)
    assert len(clean.encode()) <= MAX_BYTES
    plain_text(source)


def test_a_long_text_ends_before_the_block_that_does_not_fit() -> None:
    paragraph = f"<p>{'word ' * 99}end</p>"
    clean = clean_html(paragraph * 200)
    assert MAX_BYTES * 0.9 < len(clean.encode()) <= MAX_BYTES
    assert clean == paragraph * clean.count("end</p>") + "<p>…</p>"


def test_a_first_paragraph_too_long_is_cut_at_a_word() -> None:
    clean = clean_html(f"<p>{'wörter ' * 20_000}</p><p>never</p>")
    assert MAX_BYTES * 0.9 < len(clean.encode()) <= MAX_BYTES
    assert clean.endswith(" wörter…</p>")


def test_links_over_the_cap_lose_their_mark_and_keep_their_words() -> None:
    source = "".join(f'<p><a href="https://x.example/{n}">n{n}</a></p>' for n in range(80))
    clean = clean_html(source)
    assert clean.count("<a ") == MAX_LINKS
    assert "<p>n79</p>" in clean


def test_plain_paragraphs_are_escaped() -> None:
    assert paragraphs_html(["a <b>\nc", "", "d & e"]) == "<p>a &lt;b&gt;<br>c</p><p>d &amp; e</p>"


def test_plain_text_is_one_line_of_words() -> None:
    assert plain_text("<p>a<br>b</p><ul><li>c &amp; d</ul><script>e</script>") == "a b c & d"


PIECES = """
<p> </p> <b> </b> <a> </a> <ul> </ul> <li> <blockquote> </blockquote> <br> <svg> </svg> <math>
<mtext> <style> </style> <script> </script> <title> </title> <template> <noscript> </noscript>
<img/src=x/onerror=alert(1)> <a/href=javascript:alert(1)> <a/href='https://x.example/\"onx=1'>
<a/href=java&#9;script:x> <p/onclick=x> <!-- --> <![CDATA[ ]]> <iframe/src=javascript:1> <form>
javascript: onload= &lt;script&gt; &#60; < > \" ' & / = x <h1> <table> <td> \x00 \ud800
"""
FRAGMENTS = st.lists(
    st.sampled_from([*PIECES.split(), " "]) | st.text(max_size=5), max_size=40
).map("".join)


@given(FRAGMENTS)
@example('<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">')
@example(
    "<math><mtext><table><mglyph><style><!--</style>"
    '<img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">'
)
@example('<noscript><p title="</noscript><img src=x onerror=alert(1)>">')
def test_nothing_that_runs_comes_out_of_any_input(source: str) -> None:
    clean = clean_html(source, BASE)
    tags = re.findall(r"<[^>]*>", clean)
    for tag in tags:
        assert re.fullmatch(
            r"</?(?:p|br|em|strong|i|b|blockquote|ul|ol|li|h[234]|a)>|<a href=\"https?://[^\"<>\s]+\">",
            tag,
        )
    assert "<" not in re.sub(r"<[^>]*>", "", clean)
    assert nh3.clean(clean, link_rel=None) == clean, "a second pass has nothing to do"
    assert clean_html(clean, BASE) == clean, "what is clean stays as it is"
    assert depth(clean) <= 64


def depth(clean: str) -> int:
    deepest = now = 0
    for tag in re.findall(r"<[^>]*>", clean):
        now += 0 if tag == "<br>" else -1 if tag.startswith("</") else 1
        deepest = max(deepest, now)
    assert now == 0
    return deepest
