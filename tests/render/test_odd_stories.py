"""One odd story must not kill a digest."""

from datetime import UTC, datetime

import pytest

from mailer.core.readers import Cadence
from mailer.core.stories import Story
from tests.render.newsroom import (
    VOCABULARY,
    a_letter,
    a_renderer,
    a_section,
    a_story,
    seen,
)

RENDERER = a_renderer()
ODD_TITLES = [
    "Line\u2028separator and \u2029 and \x85 and \x0b",
    "\"Quotes\" and 'apostrophes' & <3 nm",
    "<script>alert(1)</script>",
    "\u202etxt.exe\u202c reversed",
    "x" * 300,
    "字" * 300,
    "{{ mail.name }} {% raw %} {# no #}",
    "zq7x0123456789abcdefn0x",
    "\ud800 a lone surrogate \x00",
    "<!--[if mso]> ]]> --> <![CDATA[",
    "e\u0301" * 40,
    "👩\u200d👩\u200d👧 family",
    "",
    "   \t ",
]


@pytest.mark.parametrize("title", ODD_TITLES)
@pytest.mark.parametrize("cadence", [Cadence.DAILY, Cadence.INSTANT])
def test_an_odd_title_harms_no_mail(title: str, cadence: Cadence) -> None:
    odd = a_story(2, title=title, summary=title, byline=title, dateline=title, uid=title or "x")
    letter = a_letter(a_section(odd, a_story(3)), cadence=cadence)
    mail = RENDERER.render(letter, VOCABULARY)
    assert "Story number 3" in mail.text
    assert "Story number 3" in seen(mail.html)
    assert "<script" not in mail.html
    assert len(mail.subject.splitlines()) == 1
    assert not {"\u202e", "\u2028", "\x00"} & {*mail.html, *mail.text, *mail.subject}
    assert max(map(len, mail.text.splitlines())) <= 200


@pytest.mark.parametrize(
    "story",
    [
        a_story(1, url="javascript:alert(1)"),
        a_story(1, url=""),
        a_story(1, url="https://meridian.example/" + "x" * 3_000),
        a_story(1, url="https://[broken"),
        a_story(1, url="https://user:password@meridian.example/"),
    ],
)
def test_a_story_without_a_usable_address_has_its_page_here(story: Story) -> None:
    mail = RENDERER.render(a_letter(a_section(story)), VOCABULARY)
    assert "https://meridian.example/stories/story-1\n" in mail.text
    assert 'href="https://meridian.example/stories/story-1"' in mail.html
    assert "javascript" not in mail.html


@pytest.mark.parametrize(
    "at", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)]
)
def test_a_story_at_the_end_of_the_calendar_stops_nothing(at: datetime) -> None:
    story = a_story(1, published_at=at)
    assert "Story number 1" in RENDERER.render(a_letter(a_section(story)), VOCABULARY).text
