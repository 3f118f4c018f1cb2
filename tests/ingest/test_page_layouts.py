"""Whole pages laid out in ways our own site does not use."""

from datetime import UTC, date, datetime

from mailer.core.stories import SeeAlso, StoryDraft
from mailer.ingest.documents import read_document
from tests.ingest.printed import FIRST, HEADLINE, SECOND, THIRD, paragraphs

DAY = datetime(2023, 10, 16, tzinfo=UTC)


def read(text: str) -> StoryDraft:
    (draft,) = read_document(text.encode(), name="page").drafts
    return draft


def test_a_page_copied_with_its_menu() -> None:
    draft = read(
        "Home\nWorld\nAsia\nAbout us\nMeridian Desk\nJAPAN\nMonday, 16 October 2023\n\n"
        f"{HEADLINE}\n"
        "By Ito Mari and Kenji Morikawa\nShare on Facebook\nTweet\n\n"
        f"Tokyo, Oct 16 (Meridian) - {FIRST}\n\n{SECOND}\n\nTags: care, Japan\nRelated articles\n"
        "16 May 2022 - The skeleton that travels\nKitakyushu counts its carers (3 June 2021)\n"
        "© 2023 Meridian Desk. All rights reserved.\n"
    )
    assert (draft.title, draft.byline) == (HEADLINE, "Ito Mari and Kenji Morikawa")
    assert (draft.published_at, draft.dateline, draft.summary) == (DAY, "Tokyo", "")
    assert (draft.kicker, draft.topics) == (("Japan",), ("care",))
    assert draft.body_html == paragraphs(FIRST, SECOND)
    assert draft.see_also == (
        SeeAlso("The skeleton that travels", "", date(2022, 5, 16)),
        SeeAlso("Kitakyushu counts its carers", "", date(2021, 6, 3)),
    )


def test_headline_then_lead_then_date() -> None:
    draft = read(f"{HEADLINE}\n\n{FIRST}\n\n16/10/2023\n\n{SECOND}\n\n{THIRD}\n")
    assert (draft.title, draft.summary, draft.published_at) == (HEADLINE, FIRST, DAY)
    assert draft.body_html == paragraphs(SECOND, THIRD)


def test_kicker_and_date_on_one_line() -> None:
    draft = read(f"SOUTH KOREA – JAPAN, 10/16/2023\n{HEADLINE}\nby Yun Ha-eun\n\n{FIRST}\n")
    assert (draft.kicker, draft.published_at) == (("South Korea", "Japan"), DAY)
    assert (draft.title, draft.byline) == (HEADLINE, "Yun Ha-eun")


def test_a_headline_in_capitals_is_no_kicker() -> None:
    draft = read(f"JAPAN – CHINA\n10/16/2023\n{HEADLINE.upper()}\n\nOsaka (Meridian) – {FIRST}\n")
    assert (draft.title, draft.kicker) == (HEADLINE.upper(), ("Japan", "China"))


def test_a_headline_with_a_dash_is_no_kicker() -> None:
    title = "Korea – Japan: what the ferry leaves out"
    draft = read(f"10/16/2023\n\n{title}\n\nby Ann Bee\n\n{FIRST}\n\n{SECOND}\n\n{THIRD}\n")
    assert (draft.title, draft.kicker) == (title, ())


def test_a_word_of_news_is_enough_when_all_else_is_there() -> None:
    draft = read("16/10/2023\nINDIA\nManipur’s girls win\nImphal (Meridian) – By two goals.\n")
    assert (draft.title, draft.kicker) == ("Manipur’s girls win", ("India",))
    assert (draft.dateline, draft.body_html) == ("Imphal", "<p>By two goals.</p>")


OLD_HTML = f"""\
<html lang="it-IT"><head><title>Meridian Desk - {HEADLINE}</title></head><body><form action="/x">
<table><tr><td><a href="/">Home</a></td><td><a href=/b>Asia</a></td></tr></table>
<table><tr><td><b>05/10/2023, 19.20</b><br><b>COREA DEL SUD - GIAPPONE</b><br>
<a href=x>Invia ad un amico</a><br><br><font size=4><b>{HEADLINE}</b></font><br>
<i>di Yun Ha-eun</i><br><br><b>{FIRST}</b><br><br>
Busan (Meridian) &ndash; {SECOND}<br><br>{THIRD}<br></td></tr></table>
<div>Vedi anche</div>
<div><a href="http://m.example/1"><i>12/02/2016</i> Un orario per chi dorme</a></div>
<div><a href="http://m.example/2"><i>13/02/2016</i> Il molo pi&ugrave; lungo</a></div>
</form></body></html>
"""


def test_a_page_of_tables_and_line_breaks() -> None:
    draft = read(OLD_HTML)
    assert (draft.title, draft.summary, draft.dateline) == (HEADLINE, FIRST, "Busan")
    assert draft.published_at == datetime(2023, 10, 5, 19, 20, tzinfo=UTC), "Italian: day first"
    assert (draft.byline, draft.language) == ("Yun Ha-eun", "it-IT")
    assert draft.kicker == ("Corea del Sud", "Giappone")
    assert draft.body_html == paragraphs(SECOND, THIRD)
    assert draft.see_also == (
        SeeAlso("Un orario per chi dorme", "http://m.example/1", date(2016, 2, 12)),
        SeeAlso("Il molo più lungo", "http://m.example/2", date(2016, 2, 13)),
    )
