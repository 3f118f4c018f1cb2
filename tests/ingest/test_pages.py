"""Printed pages: the layouts, languages and omissions a news site prints."""

import textwrap
from datetime import UTC, date, datetime

import pytest

from mailer.core.stories import SeeAlso, StoryDraft
from mailer.ingest.documents import read_document
from tests.ingest.printed import (
    BODY,
    FIRST,
    HEADLINE,
    LEAD,
    PAGE,
    SECOND,
    THIRD,
    paragraphs,
    replaced,
)

TIME = datetime(2023, 10, 16, 19, 20, tzinfo=UTC)
SEE_ALSO = (
    SeeAlso("A timetable for sleepers", "", date(2016, 2, 12)),
    SeeAlso("The pier that outlived its ferry", "", date(2017, 8, 11)),
    SeeAlso("Osaka counts its lanterns", "", date(2006, 1, 24)),
)


def read(text: str | bytes, name: str = "page.txt") -> StoryDraft:
    content = text.encode() if isinstance(text, str) else text
    document = read_document(content, name=name)
    assert document.kind == "page"
    assert document.rejections == ()
    (draft,) = document.drafts
    return draft


def test_a_whole_page_is_read_to_its_last_date() -> None:
    assert read(PAGE) == StoryDraft(
        uid="page:2023-10-16-night-ferries-return-between-busan-and-osaka-with-fewer-cabins-and-more"
        "-bicycles",
        title=HEADLINE,
        summary=LEAD,
        body_html=paragraphs(*BODY),
        byline="Yun Ha-eun",
        dateline="Busan",
        language="en",
        published_at=TIME,
        kicker=("South Korea", "Japan"),
        see_also=SEE_ALSO,
    )


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(PAGE.replace("\n", "\r\n").encode(), id="Windows line ends"),
        pytest.param(PAGE.replace("\n", "\r").encode(), id="old Macintosh line ends"),
        pytest.param(PAGE.encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param(PAGE.encode("utf-8-sig"), id="UTF-8 with a mark"),
        pytest.param(PAGE.encode("cp1252"), id="Windows-1252"),
        pytest.param(replaced(("\n\n", "\n\n\n\n")).encode(), id="twice as many empty lines"),
        pytest.param(
            "\n".join(line for line in PAGE.split("\n") if line.strip()).encode(),
            id="no empty lines",
        ),
        pytest.param(PAGE.replace(" ", "\u00a0").encode(), id="no-break spaces only"),
        pytest.param(replaced(("\n", "  \n\t")).encode(), id="spaces round the lines"),
        pytest.param(
            replaced(
                (f"{HEADLINE}\n\n", f"{HEADLINE}\n10/16/2023, 19.20\n"),
                ("10/16/2023, 19.20\nSOUTH", "SOUTH"),
            ).encode(),
            id="the date below the headline",
        ),
        pytest.param(
            replaced(("SOUTH KOREA – JAPAN", "South Korea – Japan")).encode(), id="kicker as words"
        ),
        pytest.param(
            replaced(("SOUTH KOREA – JAPAN", "SOUTH KOREA - JAPAN")).encode(),
            id="kicker with hyphen",
        ),
        pytest.param(
            replaced(
                ("10/16/2023, 19.20\nSOUTH KOREA – JAPAN", "SOUTH KOREA – JAPAN\n10/16/2023, 19.20")
            ).encode(),
            id="the kicker above the date",
        ),
        pytest.param(
            replaced(
                ("by Yun Ha-eun\n\n", ""), (f"{LEAD}\n", f"{LEAD}\n\nby Yun Ha-eun\n")
            ).encode(),
            id="the byline below the lead",
        ),
        pytest.param(replaced(("by Yun", "By Yun")).encode(), id="a large By"),
        pytest.param(
            replaced(
                ("10/16/2023, 19.20\n", ""), ("by Yun Ha-eun", "by Yun Ha-eun | 16/10/2023, 19:20")
            ).encode(),
            id="byline and date on one line",
        ),
    ],
)
def test_the_same_page_in_another_dress_is_the_same_story(page: bytes) -> None:
    assert read(page) == read(PAGE)


def test_a_lower_case_kicker_is_one_beside_the_date() -> None:
    page = replaced(("SOUTH KOREA – JAPAN", "south korea – japan"))
    assert read(page).kicker == ("south korea", "japan")


@pytest.mark.parametrize(
    ("written", "published"),
    [
        pytest.param("10/16/2023, 19.20", TIME, id="month first, as printed"),
        pytest.param("16/10/2023 19:20", TIME, id="a value over 12 is the day"),
        pytest.param("05/10/2023 19:20", TIME.replace(month=5, day=10), id="month first when open"),
        pytest.param("2023-10-16", TIME.replace(hour=0, minute=0), id="ISO date"),
        pytest.param("2023-10-16T19:20:00+09:00", TIME.replace(hour=10), id="ISO with a zone"),
        pytest.param("16 October 2023", TIME.replace(hour=0, minute=0), id="day and month name"),
        pytest.param("October 16, 2023 at 7:20 PM", TIME, id="American, with afternoon"),
        pytest.param("Monday, 16 October 2023, 19.20 GMT", TIME, id="weekday and zone"),
        pytest.param("lunedì 16 ottobre 2023, ore 19.20", TIME, id="Italian"),
        pytest.param("16 de octubre de 2023 19:20", TIME, id="Spanish"),
        pytest.param("le 16 octobre 2023 à 19h20", TIME, id="French"),
        pytest.param("16. Oktober 2023, 19:20 Uhr", TIME, id="German"),
        pytest.param("2023年10月16日 19:20", TIME, id="Chinese"),
        pytest.param("Published: Oct. 16, 2023 19:20", TIME, id="labelled"),
    ],
)
def test_the_date_line_is_read_in_the_ways_sites_print_it(
    written: str, published: datetime
) -> None:
    draft = read(replaced(("10/16/2023, 19.20", written)))
    assert draft.published_at == published
    assert draft.kicker == ("South Korea", "Japan")


def test_without_dateline_the_first_of_several_paragraphs_is_the_lead() -> None:
    draft = read(f"10/16/2023\n\n{HEADLINE}\n\n{LEAD}\n\n{FIRST}\n\n{SECOND}\n")
    assert (draft.summary, draft.body_html) == (LEAD, paragraphs(FIRST, SECOND))


def test_a_page_of_one_paragraph_has_no_lead() -> None:
    draft = read(f"10/16/2023\n\n{HEADLINE}\n\n{FIRST}\n")
    assert (draft.title, draft.summary, draft.body_html) == (HEADLINE, "", paragraphs(FIRST))


def test_the_uid_stays_when_the_body_is_corrected() -> None:
    assert read(replaced(("212 passengers", "221 passengers"))).uid == read(PAGE).uid


def test_a_paragraph_broken_by_hand_is_one_paragraph() -> None:
    long = f"{FIRST} {SECOND}"
    broken = textwrap.fill(long, 70)
    assert broken.count("\n") > 2
    draft = read(f"10/16/2023\n\n{HEADLINE}\n\n{LEAD}\n\n{broken}\n\n{THIRD}\n")
    assert draft.body_html == paragraphs(long, THIRD)


def test_a_notice_inside_the_text_is_dropped_and_the_text_goes_on() -> None:
    inset = (
        f"{SECOND}\n\nNewsletter\n\nSubscribe to our weekly updates\n\nSee also: The long pier\n"
    )
    draft = read(replaced((f"{SECOND}\n", inset)))
    assert draft.body_html == paragraphs(*BODY)
    assert draft.see_also[0] == SeeAlso("The long pier")
