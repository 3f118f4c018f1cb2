"""What a reader sees of a letter."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from lxml import html

from mailer.core.digests import Item, Section, Shown
from mailer.core.readers import Cadence, MailFormat
from mailer.core.stories import SeeAlso
from mailer.errors import RenderError
from mailer.render.links import Links
from tests.render.newsroom import (
    BRIDGE,
    SIGNER,
    SITE,
    VOCABULARY,
    a_letter,
    a_reason,
    a_renderer,
    a_section,
    a_story,
    seen,
)

RENDERER = a_renderer()


def test_a_digest_tells_story_reason_and_ways_out() -> None:
    mail = RENDERER.render(a_letter(), VOCABULARY)
    letter, links = a_letter(), Links(SITE, SIGNER)
    for part in (seen(mail.html), mail.text):
        assert "Dandong bridge to carry passengers again" in part
        assert "You follow China AND North Korea" in part
        assert "1 story for you" in part
        assert "Mina Park" in part
        assert "Dandong · By So-yeon Baek · October 22, 2026" in part
        assert "Busan 48944, Republic of Korea" in part
    for part in (mail.html, mail.text):
        assert links.unsubscribe(letter) in part
        assert links.preferences(letter) in part
        assert links.why(letter) in part
        assert links.view(letter) in part
        assert links.mute(letter, 31, BRIDGE) in part
        assert BRIDGE.url in part


def test_a_subject_leads_with_the_first_headline_and_counts_the_others() -> None:
    one = a_letter(a_section(a_story(1)))
    two = a_letter(a_section(a_story(1), a_story(2)))
    three = a_letter(a_section(a_story(1), a_story(2)), a_section(a_story(3), expression="trade"))
    assert RENDERER.render(one, VOCABULARY).subject == "Story number 1"
    assert RENDERER.render(two, VOCABULARY).subject == "Story number 1 — and 1 more story"
    assert RENDERER.render(three, VOCABULARY).subject == "Story number 1 — and 2 more stories"


@pytest.mark.parametrize(
    ("expression", "title", "subject"),
    [
        ("north-korea", "Bridge opens", "North Korea: Bridge opens"),
        ("trade", "Bridge opens", "China: Bridge opens"),
        ("!china & trade", "Bridge opens", "China: Bridge opens"),
        ("north-korea", "North Korea opens a bridge", "North Korea opens a bridge"),
    ],
)
def test_an_alert_names_the_place_she_follows(expression: str, title: str, subject: str) -> None:
    section = a_section(replace(BRIDGE, title=title), expression=expression)
    alert = a_letter(section, cadence=Cadence.INSTANT)
    assert RENDERER.render(alert, VOCABULARY).subject == subject


def test_an_alert_says_when_in_the_readers_own_time() -> None:
    mail = RENDERER.render(a_letter(cadence=Cadence.INSTANT), VOCABULARY)
    assert "October 22, 2026, 5:40\u202fAM" in mail.text
    assert "Alert from The Meridian Daily" in seen(mail.html)
    assert "ALERT FROM THE MERIDIAN DAILY" in mail.text


def test_the_preheader_is_hidden_and_tells_what_the_subject_does_not() -> None:
    alone = RENDERER.render(a_letter(), VOCABULARY)
    several = RENDERER.render(a_letter(a_section(a_story(1), a_story(2), a_story(3))), VOCABULARY)
    assert alone.preheader == BRIDGE.summary
    assert several.preheader == "Also: Story number 2 · Story number 3"
    hidden = html.document_fromstring(several.html).xpath("//div[@aria-hidden]")[0]
    assert hidden.text_content().startswith(several.preheader)
    assert "display:none" in hidden.get("style")


def test_a_reader_of_text_gets_no_html() -> None:
    mail = RENDERER.render(a_letter(format=MailFormat.TEXT), VOCABULARY)
    assert mail.html == ""
    assert mail.text == RENDERER.render(a_letter(), VOCABULARY).text


def test_a_reader_without_a_name_is_not_greeted_by_nothing() -> None:
    mail = RENDERER.render(a_letter(name=""), VOCABULARY)
    assert "Good reading" not in mail.text
    assert "Good reading" not in mail.html


def test_headlines_are_short_and_linked_stories_are_counted() -> None:
    section = Section(
        31,
        "china & north-korea",
        tuple(
            Item(story, shown, (a_reason("china & north-korea"),))
            for story, shown in (
                (a_story(1), Shown.FULL),
                (a_story(2, summary="Not for headlines."), Shown.HEADLINE),
                (a_story(3), Shown.LINKED),
                (a_story(4), Shown.LINKED),
            )
        ),
    )
    letter = a_letter(section)
    mail = RENDERER.render(letter, VOCABULARY)
    for part in (mail.html, mail.text):
        assert "Story number 2" in part
        assert "Not for headlines." not in part
        assert "Story number 3" not in part
        assert "and 2 more stories" in part
        assert Links(SITE, SIGNER).more(letter) in part
        assert "4 stories for you" in part


def test_a_section_of_links_alone_still_has_its_heading() -> None:
    hidden = a_section(a_story(2), a_story(3), expression="trade", shown=Shown.LINKED)
    mail = RENDERER.render(a_letter(a_section(a_story(1)), hidden), VOCABULARY)
    assert "TRADE\n" in mail.text
    assert "\n2 stories:\n" in mail.text


def test_all_reasons_are_told_while_there_is_room() -> None:
    story = a_story(1)
    two = (a_reason("china"), a_reason("trade | sport", 32))
    many = tuple(a_reason("china | japan | taiwan | trade | sport", n) for n in range(30, 39))
    for reasons, told in (
        (two, "You follow China, and Trade OR Sport"),
        (many, "8 other follows of yours match too"),
    ):
        letter = a_letter(
            Section(reasons[0].follow_id, "china", (Item(story, Shown.FULL, reasons),))
        )
        mail = RENDERER.render(letter, VOCABULARY)
        assert told in " ".join(mail.text.split())
        assert told in seen(mail.html)


def test_the_lead_alone_has_see_also_and_never_what_is_in_the_mail() -> None:
    older = SeeAlso("An older story", "https://meridian.example/older", None)
    same = SeeAlso("Story number 2", "https://meridian.example/stories/2", None)
    first = a_story(1, see_also=(same, older, SeeAlso("", "https://x.example", None)))
    second = a_story(2, see_also=(SeeAlso("Never shown"),))
    mail = RENDERER.render(a_letter(a_section(first, second)), VOCABULARY)
    assert mail.text.count("See also:") == 1
    assert "See also: An older story" in mail.text
    assert "Never shown" not in mail.text


def test_a_story_without_a_summary_lends_one_from_its_body() -> None:
    body = "<p>Fi<b>rst</b> words &amp; more.</p><script>no()</script><p>" + "word " * 200 + "</p>"
    mail = RENDERER.render(a_letter(a_section(a_story(1, summary="", body_html=body))), VOCABULARY)
    assert "First words & more. word word" in mail.text
    assert "no()" not in mail.text
    assert "word…" in " ".join(mail.text.split())


def test_a_story_in_another_language_says_so() -> None:
    hebrew = a_story(2, language="he_IL", title="כותרת", summary="תקציר")
    chinese = a_story(3, language="zh", title="标题")
    section = a_section(a_story(1), hebrew, chinese, a_story(4, language='x" onload="'))
    page = html.document_fromstring(RENDERER.render(a_letter(section), VOCABULARY).html)
    headings = page.xpath("//h3")
    assert [h.get("lang") for h in headings] == [None, "he-IL", "zh", None]
    assert [h.get("dir") for h in headings] == [None, "rtl", "ltr", None]
    assert page.get("lang") == "en"
    assert page.get("dir") == "ltr"


@pytest.mark.parametrize("cadence", [Cadence.DAILY, Cadence.INSTANT])
def test_headings_are_one_tree(cadence: Cadence) -> None:
    letter = a_letter(a_section(a_story(1), a_story(2)), a_section(a_story(3), expression="trade"))
    page = html.document_fromstring(
        RENDERER.render(replace(letter, cadence=cadence), VOCABULARY).html
    )
    levels = [int(h.tag[1]) for h in page.xpath("//h1|//h2|//h3|//h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_tables_are_for_layout_and_the_page_is_an_article() -> None:
    mail = RENDERER.render(a_letter(), VOCABULARY)
    page = html.document_fromstring(mail.html)
    assert mail.html.startswith("<!DOCTYPE html>")
    assert {table.get("role") for table in page.xpath("//table")} == {"presentation"}
    assert len(page.xpath("//div[@role='article'][@aria-label]")) == 1
    assert "<!--[if mso]><table" in mail.html
    assert "prefers-color-scheme: dark" in mail.html


def test_dates_follow_locale_and_zone_and_unknown_ones_stop_nothing() -> None:
    story = a_story(1, published_at=datetime(2026, 10, 21, 20, 40, tzinfo=UTC))
    for locale, zone, told in (
        ("en", "Asia/Seoul", "October 22, 2026"),
        ("en", "America/Chicago", "October 21, 2026"),
        ("it", "Europe/Rome", "21 ottobre 2026"),
        ("zh-CN", "Asia/Shanghai", "2026年10月22日"),
        ("xx", "Nowhere/Land", "October 22, 2026"),
        ("", "", "October 22, 2026"),
    ):
        mail = RENDERER.render(a_letter(a_section(story), locale=locale, timezone=zone), VOCABULARY)
        assert told in mail.text


def test_text_lines_are_at_most_72_columns_but_for_addresses() -> None:
    stories = [a_story(1, summary="word " * 90), a_story(2, summary="字" * 120)]
    text = RENDERER.render(a_letter(a_section(*stories)), VOCABULARY).text
    lines = [line for line in text.splitlines() if "https://" not in line]
    assert max(len(line) + sum(c > "\u2fff" for c in line) for line in lines) <= 72
    assert "\n\n\n" not in text
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_a_letter_that_tells_nothing_is_refused() -> None:
    with pytest.raises(RenderError, match="tells no story"):
        RENDERER.render(a_letter(a_section(a_story(1), shown=Shown.LINKED)), VOCABULARY)
