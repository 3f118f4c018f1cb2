"""Articles saved as HTML: what the page's head says, and what its body shows."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from mailer.core.stories import SeeAlso, StoryDraft
from mailer.errors import RejectedDocument
from mailer.ingest.documents import read_document
from tests.ingest.printed import (
    BODY,
    FIRST,
    HEADLINE,
    HTML_PAGE,
    LEAD,
    SECOND,
    paragraphs,
    replaced,
)


def read(text: str | bytes, content_type: str = "text/html") -> StoryDraft:
    content = text.encode() if isinstance(text, str) else text
    document = read_document(content, name="page.html", content_type=content_type)
    assert document.kind == "page"
    (draft,) = document.drafts
    return draft


def test_a_page_tells_its_address_moment_and_links() -> None:
    assert read(HTML_PAGE) == StoryDraft(
        uid="https://meridian.example/en/night-ferries",
        title=HEADLINE,
        url="https://meridian.example/en/night-ferries",
        summary=LEAD,
        body_html=paragraphs(*BODY),
        byline="Yun Ha-eun",
        dateline="Busan",
        language="en",
        published_at=datetime(2023, 10, 16, 10, 20, tzinfo=UTC),
        kicker=("South Korea", "Japan"),
        topics=("ferries", "travel"),
        see_also=(
            SeeAlso(
                "A timetable for sleepers",
                "https://meridian.example/en/sleepers",
                date(2016, 2, 12),
            ),
            SeeAlso(
                "The pier that outlived its ferry",
                "https://meridian.example/en/pier",
                date(2017, 8, 11),
            ),
            SeeAlso(
                "Osaka counts its lanterns",
                "https://meridian.example/en/lanterns",
                date(2006, 1, 24),
            ),
        ),
    )


def test_without_metadata_the_visible_page_is_enough() -> None:
    head, rest = HTML_PAGE.split("<head>")[0], HTML_PAGE.split("</head>")[1]
    dated = rest.replace("<article>", "<article><p>10/16/2023, 19.20</p>")
    draft = read(head + dated.replace("</h1>", "</h1><p>by Yun Ha-eun</p>"))
    assert draft.uid.startswith("page:2023-10-16-night-ferries")
    expected = replace(
        read(HTML_PAGE),
        uid=draft.uid,
        url="",
        published_at=datetime(2023, 10, 16, 19, 20, tzinfo=UTC),
    )
    # Relative links lead nowhere when the page does not say where it stands.
    expected = replace(
        expected, see_also=tuple(replace(other, url="") for other in expected.see_also)
    )
    assert draft == expected


@pytest.mark.parametrize(
    ("page", "content_type"),
    [
        pytest.param(
            HTML_PAGE.replace("utf-8", "windows-1252").encode("cp1252"), "text/html", id="declared"
        ),
        pytest.param(
            HTML_PAGE.replace('<meta charset="utf-8">', "").encode("cp1252"), "", id="not declared"
        ),
        pytest.param(
            HTML_PAGE.encode("utf-16-le"), "text/html; charset=UTF-16LE", id="UTF-16 by header"
        ),
        pytest.param(
            HTML_PAGE.replace("utf-8", "x-unknown").encode(), "text/html", id="unknown encoding"
        ),
        pytest.param(b"\n\n" + HTML_PAGE.encode(), "application/rss+xml", id="served as a feed"),
    ],
)
def test_a_page_is_read_in_the_encoding_it_is_in(page: bytes, content_type: str) -> None:
    assert read(page, content_type) == read(HTML_PAGE)


def test_what_a_page_hides_is_no_part_of_the_story() -> None:
    draft = read(HTML_PAGE)
    for hidden in ("Not this", "white ship", "at dawn", "Send to", "Home", "on paper made"):
        assert hidden not in repr(draft)


def test_a_site_name_behind_the_headline_is_left_out() -> None:
    page = replaced(
        (f'<meta property="og:title" content="{HEADLINE}">', ""),
        ("<h1>", "<h1>The Meridian Desk</h1><h2>"),
        page=HTML_PAGE,
    )
    assert read(page).title == HEADLINE


def test_the_description_stands_in_for_a_missing_lead() -> None:
    page = replaced(
        (f'<p class="lead">{LEAD}</p>', ""),
        ("</head>", '<meta name="description" content="In short: they are back."></head>'),
        page=HTML_PAGE,
    )
    assert read(page).summary == "In short: they are back."


def test_a_canonical_address_of_another_scheme_is_ignored() -> None:
    page = replaced(
        ("https://meridian.example/en/night-ferries", "javascript:alert(1)"), page=HTML_PAGE
    )
    assert read(page).url == ""
    assert read(page).uid.startswith("page:2023-10-16")


def test_hostile_metadata_is_cleaned() -> None:
    page = replaced(
        ('content="Yun Ha-eun"', 'content="Yun &#10;Bcc: x@example.org&#x202e;"'), page=HTML_PAGE
    )
    assert read(page).byline == "Yun Bcc: x@example.org"


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        pytest.param("<html><body><p>Hello.</p></body></html>", "no paragraph", id="nothing much"),
        pytest.param("<html><body></body></html>", "no headline", id="empty body"),
        pytest.param(
            f"<html><h1>About the desk</h1><p>{FIRST}</p><p>{SECOND}</p></html>",
            "no date, byline",
            id="an about page",
        ),
        pytest.param(
            "<html><h1>All the news of today</h1>"
            + "".join(
                f"<h2>Title {n} of some</h2><p>1{n}/10/2023</p><p>{FIRST}</p>" for n in range(5)
            )
            + "</html>",
            "several dated texts",
            id="a front page",
        ),
    ],
)
def test_a_page_that_is_no_article_is_rejected(page: str, reason: str) -> None:
    with pytest.raises(RejectedDocument, match=reason):
        read_document(page.encode(), name="index.html")


def test_a_rejected_page_names_the_feed_of_its_site() -> None:
    page = (
        '<html><head><link rel="alternate" type="application/atom+xml" '
        'href="https://meridian.example/feed.xml"></head><body><h1>Home</h1></body></html>'
    )
    with pytest.raises(RejectedDocument, match=r"import https://meridian\.example/feed\.xml"):
        read_document(page.encode(), name="index.html")
