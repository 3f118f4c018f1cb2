"""Fast is equal to slow (I7): compiled mails say what plain ones do, whoever reads them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.core.addresses import read_address
from mailer.core.digests import Item, Section, Shown
from mailer.core.letters import Letter
from mailer.core.readers import Cadence, MailFormat
from mailer.core.stories import SeeAlso, Story
from mailer.render.edition import Loop, unpack
from mailer.render.printing import Printing
from mailer.render.sameness import difference
from tests.render.newsroom import (
    BRIDGE,
    VOCABULARY,
    a_letter,
    a_reason,
    a_renderer,
    a_section,
    a_story,
)

RENDERER = a_renderer()
EXPRESSIONS = ("china & north-korea", "trade", "(japan | taiwan) & trade", "asia & !r-and-d", "*")
AWKWARD = st.text(
    st.sampled_from("ab .&<>\"'=%{}#\\/-_?\t\n\x00\u2028\u202e\u00a0é字한👩\u200dא")
    | st.characters(),
    max_size=40,
)
NAMES = (
    st.sampled_from(["", "Mina Park", "김서연", "O'Neil & <Sons>", '"Q" =?utf-8?q?x?=', "."])
    | AWKWARD
)


@st.composite
def stories(draw: st.DrawFn, number: int) -> Story:
    return a_story(
        number,
        title=draw(AWKWARD),
        summary=draw(AWKWARD),
        byline=draw(AWKWARD),
        dateline=draw(AWKWARD),
        url=draw(st.sampled_from(["https://x.example/a?b=1&c=ü", "", "https://x.example/%20"])),
        language=draw(st.sampled_from(["", "en", "he", "zh"])),
        kicker=draw(st.sampled_from([(), ("china",), ("r-and-d", "taiwan")])),
        published_at=BRIDGE.published_at + timedelta(hours=draw(st.integers(0, 30))),
        urgent=draw(st.booleans()),
        see_also=draw(
            st.sampled_from(
                [(), (SeeAlso("Story number 2"), SeeAlso("Older", "https://o.example"))]
            )
        ),
        uid=f"story-{number}",
    )


@st.composite
def letters(draw: st.DrawFn, told: list[Story], number: int) -> Letter:
    sections: list[Section] = []
    rest = draw(st.permutations(told))
    while rest:
        size = draw(st.integers(1, len(rest)))
        reasons = tuple(
            a_reason(expression, number * 10 + at)
            for at, expression in enumerate(
                draw(st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=3))
            )
        )
        shown = draw(st.lists(st.sampled_from(Shown), min_size=size, max_size=size))
        if not sections:
            shown[0] = Shown.FULL if draw(st.booleans()) else Shown.HEADLINE
        items = tuple(
            Item(story, how, reasons) for story, how in zip(rest[:size], shown, strict=True)
        )
        sections.append(Section(reasons[0].follow_id, reasons[0].expression, items))
        rest = rest[size:]
        if draw(st.booleans()):
            break
    return a_letter(
        *sections,
        key=f"digest:{number}",
        message_id=f"<{number:032x}@meridian.example>",
        reader_id=number,
        subscription_id=number + 1,
        name=draw(NAMES),
        email=draw(st.sampled_from(["mina@x.example", "a.b+c@bücher.example", "ü@x.example"])),
        timezone=draw(st.sampled_from(["UTC", "Asia/Seoul", "Etc/GMT+12", "Nowhere"])),
    )


@st.composite
def runs(draw: st.DrawFn) -> list[Letter]:
    told = [draw(stories(number)) for number in range(1, draw(st.integers(1, 4)) + 1)]
    told = [replace(story, title=story.title or "Story number 2") for story in told]
    mails = [draw(letters(told, number)) for number in range(1, 4)]
    cadence = draw(st.sampled_from([Cadence.DAILY, Cadence.INSTANT]))
    locale = draw(st.sampled_from(["en", "it", "zh-CN", "ko", "es"]))
    format = draw(st.sampled_from(MailFormat))
    return [replace(mail, cadence=cadence, locale=locale, format=format) for mail in mails]


def printed(printing: Printing, mails: list[Letter]) -> list[bytes]:
    done = printing.print([(mail, read_address(mail.email)) for mail in mails])
    assert [one.error for one in done] == [None] * len(mails)
    return [one.content for one in done]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(runs())
def test_compiled_mails_say_what_plain_ones_do(mails: list[Letter]) -> None:
    printing = RENDERER.printing(VOCABULARY)
    contents = printed(printing, mails)
    assert printing.reason == ""
    assert printing.counts.compiled > 0
    for mail, content in zip(mails, contents, strict=True):
        assert difference(content, RENDERER.content(mail, VOCABULARY)) == ""
        assert max(map(len, content.split(b"\r\n"))) <= 998
        assert b"zq7x" not in content
    again = RENDERER.printing(VOCABULARY)
    again.take(printing.fresh)
    assert printed(again, mails) == contents
    assert again.fresh == []
    assert [unpack(packed).pack() for packed in printing.fresh] == printing.fresh


def test_pages_that_differ_in_their_subject_alone_are_compiled_once_but_for_it() -> None:
    printing = RENDERER.printing(VOCABULARY)
    alone = a_letter(a_section(a_story(1)), key="digest:2")
    printed(printing, [a_letter(a_section(a_story(1), a_story(2))), alone])
    several, one = unpack(printing.fresh[0]).pages
    assert dict(several.decisions)["others"] is not dict(one.decisions)["others"]
    assert several.subject != one.subject
    for mine, other in zip(several.html, one.html, strict=True):
        if isinstance(mine, Loop):
            assert isinstance(other, Loop)
            # Not an equal one: the very same.
            assert mine.bodies is other.bodies


def test_an_edition_has_the_bytes_it_had_after_its_template_changed(tmp_path: Path) -> None:
    folder = tmp_path / "email" / "digest"
    folder.mkdir(parents=True)
    (folder / "body.txt").write_text("{% if %}")
    before = RENDERER.printing(VOCABULARY)
    contents = printed(before, [a_letter()])
    after = a_renderer(overrides=tmp_path).printing(VOCABULARY)
    after.take(before.fresh)
    assert printed(after, [a_letter()]) == contents


BODY = '{% extends "_base/base.html" %}{% block stories %}<tr><td>'
END = "</td></tr>{% endblock %}"
LIST = "{% for i in mail.items %}<p><a href='{{ i.url }}'>{{ i.title }}</a></p>{% endfor %}"
CUT = {
    "list": BODY + LIST + END,
    "list in one line": BODY
    + "<ul>{% for i in mail.items %}<li>{{ i.title }} {{ i.reason }}</li>{% endfor %}</ul>"
    + END,
    "numbers": BODY
    + "\n{% for i in mail.items %}\n<p>{{ loop.index }}/{{ loop.length }} {{ i.title }}</p>\n"
    "{% endfor %}" + END,
    "last": BODY + "\n{% for i in mail.items %}\n<p>{{ i.title }}</p>\n"
    "{% if not loop.last %}\n<hr>\n{% endif %}\n"
    "{% endfor %}" + END,
    "sections that know of their link": BODY
    + "\n{% for s in mail.sections %}\n<div>\n{% if s.more %}\n<b>{{ s.more }}</b>\n{% endif %}\n"
    "{% for i in s['items'] %}\n<p>{{ i.title }}{% if s.more %}+{% endif %}</p>\n{% endfor %}\n"
    "</div>\n{% endfor %}" + END,
    "lead apart": BODY + "<h2>{{ mail.lead.title | upper }}</h2>"
    "{% if mail.lead.summary %}<p>{{ mail.lead.summary }}</p>{% endif %}"
    "{% for i in mail.items %}{% if not i.is_lead %}<p>{{ i.title }}</p>{% endif %}"
    "{% endfor %}" + END,
    "names in odd places": BODY
    + '<p title="for {{ mail.name }}"><a href="https://x.example/?n={{ mail.name }}">x</a></p>'
    "<!-- {{ mail.name }} -->" + LIST + END,
    "sets and macros": BODY + "{% set hi = 'Hi ' ~ mail.name %}"
    "{% macro one(i, n) %}<p>{{ n }} {{ i.title }}</p>{% endmacro %}"
    "<b>{{ hi }}</b>{% for i in mail.items %}{{ one(i, hi) }}{% endfor %}" + END,
}
PLAIN = {
    "turns that begin in different ways": BODY
    + "{% for i in mail.items %}\n<p>{{ i.title }}</p>\n{% endfor %}"
    + END,
    "counts": BODY + "{% if mail.story_count > 2 %}many{% endif %}" + LIST + END,
    "stripes": BODY
    + "{% for i in mail.items %}<p class='{{ loop.cycle('a', 'b') }}'>{{ i.title }}</p>{% endfor %}"
    + END,
    "numbers by hand": BODY
    + "{% set n = namespace(c=0) %}{% for i in mail.items %}{% set n.c = n.c + 1 %}"
    "<p>{{ n.c }} {{ i.title }}</p>{% endfor %}" + END,
    "a name compared": BODY + "{% if mail.name == 'Mina Park' %}you!{% endif %}" + LIST + END,
    "a name cut": BODY + "{{ mail.name | truncate(3) }}{{ mail.name[:2] }}" + LIST + END,
    "a name as HTML": BODY + "{{ mail.name | safe }}" + LIST + END,
    "a list counted": BODY + "{{ mail.items | length }}" + LIST + END,
    "styles by place": BODY + "<style>p + p { color: red }</style>" + LIST + END,
    "a loop in a comment": BODY
    + "<!-- {% for i in mail.items %}{{ i.title }}{% endfor %} -->"
    + LIST
    + END,
    "tags that stay open": BODY + "{% for i in mail.items %}<div>{{ i.title }}{% endfor %}" + END,
    "a name in a style": BODY + "<p style='x:{{ mail.name }}'>x</p>" + LIST + END,
    "items twice": BODY
    + "{% for i in mail.items %}{% for j in mail.items %}{{ j.title }}{% endfor %}{% endfor %}"
    + LIST
    + END,
}


def three_letters() -> list[Letter]:
    told = [a_story(number) for number in range(1, 6)]
    linked = Item(told[4], Shown.LINKED, (a_reason("trade", 32),))
    one = Section(
        31, "china", tuple(Item(story, Shown.FULL, (a_reason("china"),)) for story in told[:3])
    )
    two = Section(32, "trade", (Item(told[3], Shown.HEADLINE, (a_reason("trade", 32),)), linked))
    alone = Section(31, "china", one.items[1:2])
    return [
        a_letter(one, two),
        a_letter(two, one, key="digest:2", name="Ann & <Bob> é", timezone="UTC"),
        a_letter(alone, key="digest:3", name=""),
    ]


@pytest.mark.parametrize("name", [*CUT, *PLAIN])
def test_a_template_of_ones_own_gives_the_plain_mail(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "email" / "digest"
    folder.mkdir(parents=True)
    (folder / "body.html").write_text((CUT | PLAIN)[name], encoding="utf-8")
    renderer = a_renderer(overrides=tmp_path)
    printing = renderer.printing(VOCABULARY)
    mails = three_letters()
    contents = printed(printing, mails)
    assert (printing.reason == "") is (name in CUT), printing.reason
    if name in PLAIN:
        assert printing.reason.startswith(f"{folder / 'body.html'}"), printing.reason
        assert not printing.reason.endswith(": draw it as templates/email/digest does")
    for mail, content in zip(mails, contents, strict=True):
        assert difference(content, renderer.content(mail, VOCABULARY)) == ""
