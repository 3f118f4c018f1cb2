"""Whole mails against files that people read in review. `UPDATE_GOLDEN=1` writes them anew.

Each mail is kept as its message with LF line ends, and as its two parts decoded, to be read and to
be opened in a browser.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from mailer.core.digests import Item, Section, Shown
from mailer.core.letters import Letter
from mailer.core.readers import Cadence, MailFormat
from mailer.render.message import build_message
from mailer.render.terminal import draw_html
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
)

GOLDEN = Path(__file__).parent / "golden"


def digest() -> Letter:
    """A digest with everything in it once."""
    korea, trade = a_reason("north-korea & china"), a_reason("(japan | taiwan) & trade", 32)
    chinese = a_story(
        2,
        title="中韩渔业会谈达成新约。黄海休渔期延长两周",
        summary="双方同意明年起把黄海伏季休渔延长十四天、并交换渔船定位数据。" * 2,
        byline="陈思齐",
        dateline="青岛",
        language="zh",
    )
    hebrew = a_story(
        3,
        title="הגשר נפתח ביום שני",
        summary="שני אוטובוסים ביום, לראשונה מאז 2020.",
        language="he",
        kicker=("taiwan", "japan"),
        byline="",
    )
    odd = a_story(
        4,
        title='Chips & "chopstick hands": <3 nm lines can\'t find hands',
        url="https://meridian.example/chips?a=1&b=2",
        summary="",
        body_html="<p>Two of the <b>finest</b> lines &amp; a school.</p>",
        kicker=("r-and-d",),
    )
    return a_letter(
        Section(
            31,
            korea.expression,
            (Item(BRIDGE, Shown.FULL, (korea, trade)), Item(chinese, Shown.FULL, (korea,))),
        ),
        Section(
            32,
            trade.expression,
            (
                Item(hebrew, Shown.FULL, (trade,)),
                Item(odd, Shown.FULL, (trade,)),
                Item(a_story(5), Shown.HEADLINE, (trade,)),
                Item(a_story(6), Shown.LINKED, (trade,)),
                Item(a_story(7), Shown.LINKED, (trade,)),
            ),
        ),
    )


def alert() -> Letter:
    """An alert of one story to a reader with a name of another script."""
    return a_letter(
        a_section(BRIDGE, expression="north-korea"),
        key="alert:asia-daily:2026-10-22:9",
        cadence=Cadence.INSTANT,
        name="김서연",
        email="seoyeon.kim@bücher.example",
    )


def compare(name: str, found: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == found


@pytest.mark.parametrize("letter", [digest(), alert()], ids=["digest", "alert"])
def test_a_mail_is_as_it_was(letter: Letter) -> None:
    mail = a_renderer().render(letter, VOCABULARY)
    content = build_message(letter, mail, SITE, SIGNER)
    name = letter.cadence.kind
    compare(f"{name}.txt", mail.text)
    compare(f"{name}.html", mail.html)
    compare(f"{name}.eml", content.decode("ascii").replace("\r\n", "\n"))
    compare(f"{name}.terminal.txt", draw_html(mail.html, width=72))


def test_a_text_mail_is_as_it_was() -> None:
    letter = replace(digest(), format=MailFormat.TEXT, name="")
    mail = a_renderer().render(letter, VOCABULARY)
    content = build_message(letter, mail, SITE, SIGNER)
    compare("text.eml", content.decode("ascii").replace("\r\n", "\n"))
