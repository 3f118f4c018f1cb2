"""A sample of every mail, made up, so that each template can be seen on an empty database.

The letters hold everything a template may meet once: a lead with an older story, a story without
summary, one in another language, headlines, links to more, two reasons for one story.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from mailer.core.digests import Item, Reason, Section, Shown
from mailer.core.expressions import canonical, in_words, parse
from mailer.core.letters import Letter
from mailer.core.notices import RULES, Link, Notice, Occasion, Told, Word, Written
from mailer.core.readers import Cadence, MailFormat, Newsletter
from mailer.core.stories import SeeAlso, Story
from mailer.core.tags import Tag, TagKind, Vocabulary

AS_OF: Final = datetime(2026, 10, 22, 22, 0, tzinfo=UTC)
VOCABULARY: Final = Vocabulary(
    (
        Tag("asia", "Asia", TagKind.REGION),
        Tag("china", "China", TagKind.COUNTRY, "asia"),
        Tag("north-korea", "North Korea", TagKind.COUNTRY, "asia"),
        Tag("japan", "Japan", TagKind.COUNTRY, "asia"),
        Tag("mongolia", "Mongolia", TagKind.COUNTRY, "asia"),
        Tag("trade", "Trade"),
        Tag("culture", "Culture"),
        Tag("sport", "Sport"),
    )
)
_NEWSLETTER: Final = Newsletter(
    id=0,
    slug="sample",
    name="The Sample Daily",
    description="A made-up newsletter.",
    sender_name="The Sample Desk",
    sender_address="daily@news.example",
    reply_to="",
    template="digest",
    locales=("en",),
    cadences=(Cadence.DAILY, Cadence.INSTANT),
    base_expression="*",
    timezone="UTC",
)


def sample_letter(template: str, *, locale: str = "en", format: MailFormat) -> Letter:
    """Return a letter for a digest's template, or the alert's."""
    is_alert = template == "alert"
    cadence = Cadence.INSTANT if is_alert else Cadence.DAILY
    return Letter(
        key=f"{cadence.kind}:sample:{template}",
        message_id="<4b1f0c2e9d7a5836@news.example>",
        newsletter=replace(_NEWSLETTER, template=template, locales=(locale,)),
        cadence=cadence,
        as_of=AS_OF,
        reader_id=0,
        subscription_id=0,
        email="reader@example.org",
        name="" if is_alert else "Ada Moreau",
        locale=locale,
        timezone="UTC",
        format=format,
        sections=_sections()[:1] if is_alert else _sections(),
    )


def sample_notice(
    occasion: Occasion, told: Told, *, locale: str = "en", format: MailFormat
) -> Notice:
    """Return a notice that tells this."""
    is_listed = RULES[occasion].listed
    return Notice(
        occasion=occasion,
        key=f"sample:{occasion}",
        message_id="<9e2c7d41b05f83a6@news.example>",
        newsletter=replace(_NEWSLETTER, locales=(locale,)),
        as_of=AS_OF,
        reader_id=0,
        subscription_id=0 if is_listed else None,
        email="reader@example.org",
        name="Ada Moreau",
        locale=locale,
        timezone="UTC",
        format=format,
        told=told,
        written=_WRITTEN if occasion is Occasion.LETTER else None,
    )


def sample_told(sources: Sequence[str]) -> Told:
    """Return words and links for every name that these templates ask for.

    What a template walks through gets lines; every other word a few words of text.
    """
    whole = "\n".join(sources)
    lines = set(re.findall(r"\bin mail\.words\.(\w+)", whole))
    lines |= set(re.findall(r"draw\.list\(mail\.words\.(\w+)", whole))
    words: dict[str, Word] = {}
    for name in sorted(set(re.findall(r"\bmail\.words\.(\w+)", whole))):
        words[name] = _LINES if name in lines else _WORDS.get(name, name.replace("_", " "))
    names = sorted(set(re.findall(r"\bmail\.links\.(\w+)", whole)))
    return Told(words, {name: Link(path=f"/sample/{name}") for name in names})


_WRITTEN: Final = Written(
    subject="To our readers on the coast",
    text="Dear 700000000000000000001,\n\nthe harbour edition moves to seven in the morning.\n",
    html=(
        '<p class="said ink">Dear 700000000000000000001,</p>'
        '<p class="said ink">the harbour edition moves to seven in the morning.</p>'
    ),
    bare_text="The harbour edition moves to seven in the morning.\n",
    bare_html='<p class="said ink">The harbour edition moves to seven in the morning.</p>',
    marker="700000000000000000001",
)
_LINES: Final = ("China AND North Korea, every day", "Culture, NOT Sport, once a week")
_WORDS: Final[Mapping[str, Word]] = {
    "title": "Ferry to the northern islands sails again",
    "headline": "Ferry to the northern islands sails again",
    "story": "Ferry to the northern islands sails again",
    "note": "An earlier version gave the wrong day: the first ferry sails on Tuesday.",
    "summary": "Two crossings a day, the first since the storm of March.",
    "consent": "Yes, send it to me",
    "friend": "Jonas Lind",
    "sender": "Jonas Lind",
    "message": "I thought of you when I read this.",
    "address": "ada@example.net",
    "old_address": "reader@example.org",
    "new_address": "ada@example.net",
    "count": 3,
    "days": 7,
    "hours": 24,
    "minutes": 30,
}


def _sections() -> tuple[Section, ...]:
    border = _reason(1, "china & north-korea & !sport")
    trade = _reason(2, "(japan | mongolia) & trade")
    lead = _story(
        1,
        "Ferry to the northern islands sails again",
        "Two crossings a day carry post, schoolchildren and, for the first time since the storm of "
        "March, the morning's bread.",
        kicker=("china", "north-korea"),
        byline="Lena Ortiz",
        dateline="Dandong",
        see_also=(
            SeeAlso("Harbour wall holds", "https://news.example/harbour-wall", date(2026, 9, 3)),
            SeeAlso("The storm of March, hour by hour", "", date(2026, 3, 14)),
        ),
    )
    foreign = _story(
        2,
        "La cooperativa de pescadores estrena su propia lonja",
        "Veintidós familias venden desde hoy sin intermediarios.",
        kicker=("china",),
        language="es",
    )
    bare = _story(3, "Copper cable prices & a <quiet> market", "", kicker=("mongolia", "japan"))
    items = (Item(lead, Shown.FULL, (border, trade)), Item(foreign, Shown.FULL, (border,)))
    shorter = [
        Item(_story(4, "Tea auction moves online"), Shown.HEADLINE, (trade,)),
        Item(_story(5, "A story that did not fit"), Shown.LINKED, (trade,)),
        Item(_story(6, "Another that did not fit"), Shown.LINKED, (trade,)),
    ]
    return (
        Section(1, border.expression, items),
        Section(2, trade.expression, (Item(bare, Shown.FULL, (trade,)), *shorter)),
    )


def _story(
    number: int,
    title: str,
    summary: str = "",
    *,
    kicker: tuple[str, ...] = ("japan",),
    byline: str = "",
    dateline: str = "",
    language: str = "en",
    see_also: tuple[SeeAlso, ...] = (),
) -> Story:
    return Story(
        id=number,
        uid=f"sample-{number}",
        revision=1,
        title=title,
        url=f"https://news.example/stories/{number}",
        summary=summary,
        byline=byline,
        dateline=dateline,
        language=language,
        published_at=AS_OF.replace(hour=number),
        eligible_at=AS_OF.replace(hour=number),
        kicker=kicker,
        see_also=see_also,
    )


def _reason(follow_id: int, expression: str) -> Reason:
    written = parse(expression, VOCABULARY)
    return Reason(follow_id, canonical(written), in_words(written))
