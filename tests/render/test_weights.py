"""Weights promise that a fitted digest stays below its limit, whoever reads it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.core.addresses import read_address
from mailer.core.digests import Digest, Item, Reason, Section, Shown, Weights, fit
from mailer.core.letters import Letter
from mailer.core.readers import Cadence, MailFormat
from mailer.core.stories import SeeAlso, Story
from mailer.errors import RenderError
from mailer.render.message import build_message
from tests.render.newsroom import (
    NEWSLETTER,
    SIGNER,
    SITE,
    VOCABULARY,
    a_letter,
    a_reason,
    a_renderer,
    a_section,
    a_story,
)

RENDERER = a_renderer()


def weigh(letter: Letter, stories: list[Story]) -> Weights:
    return RENDERER.weigh(
        letter.newsletter, letter.cadence, letter.locale, letter.format, stories, VOCABULARY
    )


def predicted(letter: Letter, weights: Weights) -> int:
    whole = weights.frame + weights.section * len(letter.sections)
    for section in letter.sections:
        whole += weights.more if section.linked else 0
        for item in section.told:
            table = weights.full if item.shown is Shown.FULL else weights.headline
            whole += table[item.story.id]
    return whole


def actual(letter: Letter) -> int:
    mail = RENDERER.render(letter, VOCABULARY)
    return len(build_message(letter, mail, SITE, SIGNER))


TEXT = st.one_of(
    st.text(max_size=80),
    st.text("abc d,.'", max_size=900),
    st.text("字。한 ", max_size=500),
    st.text("=&<>\"'👩\u200d.", max_size=300),
    st.text(st.characters(exclude_categories=()), max_size=60),
)
URLS = st.one_of(
    st.just(""),
    st.text("ab/=&?é字 ", max_size=300).map(lambda tail: f"https://meridian.example/{tail}"),
)
SLUGS = st.sampled_from(["china", "north-korea", "taiwan", "r-and-d", "gone", "trade"])
EXPRESSIONS = ["*", "china", "north-korea & !sport", "taiwan | r-and-d", "china & (trade | sport)"]


@st.composite
def stories(draw: st.DrawFn) -> list[Story]:
    made = []
    for number in range(1, draw(st.integers(1, 9)) + 1):
        at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 5_000)))
        made.append(
            a_story(
                number,
                title=draw(TEXT),
                summary=draw(TEXT),
                byline=draw(TEXT),
                dateline=draw(TEXT),
                url=draw(URLS),
                uid=f"u{number}" + draw(st.text(max_size=5)),
                language=draw(st.sampled_from(["", "en", "ar", "zh-Hant", "??"])),
                published_at=at,
                kicker=tuple(draw(st.lists(SLUGS, max_size=4, unique=True))),
                see_also=tuple(
                    SeeAlso(draw(TEXT), draw(URLS), draw(st.none() | st.just(at.date())))
                    for _ in range(draw(st.integers(0, 2)))
                ),
            )
        )
    return made


@st.composite
def letters(draw: st.DrawFn) -> Letter:
    told = draw(stories())
    cut = sorted(draw(st.lists(st.integers(1, len(told)), max_size=2, unique=True)))
    sections = []
    for part, (start, end) in enumerate(zip([0, *cut], [*cut, len(told)], strict=True)):
        reasons = tuple(
            a_reason(draw(st.sampled_from(EXPRESSIONS)), 31 + part)
            for _ in range(draw(st.integers(1, 3)))
        )
        if draw(st.booleans()):
            reasons = (Reason(31, "gone | away", draw(TEXT)), *reasons)
        items = tuple(Item(story, Shown.FULL, reasons) for story in told[start:end])
        if items:
            sections.append(Section(31 + part, reasons[0].expression, items))
    return a_letter(
        *sections,
        key=draw(st.text(min_size=1, max_size=60)),
        cadence=draw(st.sampled_from([Cadence.DAILY, Cadence.INSTANT])),
        name=draw(TEXT),
        email=draw(st.sampled_from(["m@x.example", f"{'m' * 64}@{'d' * 60}.example"])),
        locale=draw(st.sampled_from(["en", "it", "zh", "ar", "ta"])),
        timezone=draw(st.sampled_from(["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "?"])),
        format=draw(st.sampled_from(MailFormat)),
        reader_id=draw(st.integers(1, 10**12 - 1)),
        subscription_id=draw(st.integers(1, 10**12 - 1)),
        as_of=datetime(2026, 9, 23, 3, tzinfo=UTC) + timedelta(days=draw(st.integers(0, 9))),
    )


@settings(max_examples=60)
@given(letter=letters(), limit=st.integers(20_000, 60_000))
def test_a_fitted_mail_is_never_heavier_than_its_weights_say(letter: Letter, limit: int) -> None:
    weights = weigh(letter, [item.story for section in letter.sections for item in section.items])
    fitted = fit(Digest(letter.sections), replace(weights, limit=limit))
    shown = replace(letter, sections=fitted.sections)
    bound = predicted(shown, weights)
    assert actual(shown) <= bound
    told = [item for section in fitted.sections for item in section.told]
    assert bound <= limit or (len(told) == 1 and told[0].shown is Shown.HEADLINE)


@settings(max_examples=15, deadline=None)
@given(letter=letters(), limit=st.integers(20_000, 60_000))
def test_a_mail_joined_from_an_edition_is_not_heavier_either(letter: Letter, limit: int) -> None:
    weights = weigh(letter, [item.story for section in letter.sections for item in section.items])
    fitted = fit(Digest(letter.sections), replace(weights, limit=limit))
    shown = replace(letter, sections=fitted.sections)
    printing = RENDERER.printing(VOCABULARY)
    [printed] = printing.print([(shown, read_address(shown.email))])
    assert printing.reason == ""
    assert len(printed.content) <= predicted(shown, weights)


@pytest.mark.parametrize("format", MailFormat)
@pytest.mark.parametrize("cadence", [Cadence.DAILY, Cadence.INSTANT])
def test_weights_are_near_what_mails_weigh(format: MailFormat, cadence: Cadence) -> None:
    told = [a_story(n, summary="A sentence of some forty letters. " * 4) for n in range(1, 31)]
    letter = a_letter(a_section(*told), format=format, cadence=cadence)
    weights = weigh(letter, told)
    # The frame is reserved for the heaviest reader, and a text mail is little more than its frame.
    spare = 1.4 if format is MailFormat.HTML else 1.7
    assert actual(letter) <= predicted(letter, weights) <= spare * actual(letter)


def test_a_full_digest_of_an_ordinary_day_fits() -> None:
    told = [a_story(n, summary="A sentence of some forty letters. " * 4) for n in range(1, 31)]
    letter = a_letter(a_section(*told))
    weights = weigh(letter, told)
    assert weights.limit == 102_400
    assert fit(Digest(letter.sections), weights) == Digest(letter.sections)


def test_a_story_weighs_the_same_in_any_company() -> None:
    letter, told = a_letter(), [a_story(n) for n in range(1, 6)]
    together = weigh(letter, told)
    for story in told:
        alone = weigh(letter, [story])
        assert alone.full[story.id] == together.full[story.id]
        assert alone.headline[story.id] == together.headline[story.id]
        assert (alone.frame, alone.section, alone.more) == (
            together.frame,
            together.section,
            together.more,
        )


def test_headlines_weigh_less_than_stories_and_text_less_than_both_parts() -> None:
    told = [a_story(1)]
    whole = weigh(a_letter(), told)
    text = weigh(a_letter(format=MailFormat.TEXT), told)
    assert whole.headline[1] < whole.full[1]
    assert text.full[1] < whole.full[1]
    assert text.frame < whole.frame


def test_weighing_nothing_gives_a_frame() -> None:
    weights = weigh(a_letter(), [])
    assert weights.full == weights.headline == {}
    assert weights.frame > 0


@pytest.mark.parametrize("part", ["subject.txt", "body.txt", "body.html"])
def test_a_broken_template_is_found_out_when_a_run_is_planned(tmp_path: Path, part: str) -> None:
    folder = tmp_path / "email" / "digest"
    folder.mkdir(parents=True)
    (folder / part).write_text("one\n{{ mail.nothing }}\n</body>")
    renderer = a_renderer(overrides=tmp_path)
    with pytest.raises(RenderError, match=rf"{part}, line 2"):
        renderer.weigh(NEWSLETTER, Cadence.DAILY, "en", MailFormat.HTML, [a_story(1)], VOCABULARY)
