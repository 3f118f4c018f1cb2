"""Other languages: catalogues that are whole, and mails that speak them."""

import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from mailer.core.digests import Item, Section, Shown
from mailer.core.letters import Letter
from mailer.core.readers import Cadence
from mailer.render import speech
from mailer.render.catalogues import FOLDER, load, read_catalogue
from mailer.render.message import build_message
from mailer.render.speech import SPOKEN, is_spoken, speech_of
from tests.render.newsroom import (
    BRIDGE,
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
from tools.catalogues import extract as extract_messages
from tools.catalogues import updated

FILES = sorted(FOLDER.glob("*.po"))
extract = cache(extract_messages)
_PLACE = re.compile(r"%\(\w+\)s|\{\w*\}|%%")


def messages(path: Path) -> list[Message]:
    return [message for message in load(path) if message.id]


def forms(text: Any) -> list[str]:
    return list(text) if isinstance(text, list | tuple) else [text]


def test_each_spoken_language_has_its_catalogue() -> None:
    assert {path.stem.split("_")[0] for path in FILES} | {"en"} == set(SPOKEN)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_catalogue_has_the_messages_of_code_and_templates(path: Path) -> None:
    known = {key(message): message.pluralizable for message in messages(path)}
    wanted = {key(message): message.pluralizable for message in extract() if message.id}
    missing = [text for text, plural in wanted.items() if known.get(text) is not plural]
    assert not missing, "run 'make catalogues' and translate"


def key(message: Message) -> str:
    return str(forms(message.id)[0])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bringing_messages_in_changes_nothing_twice(path: Path, tmp_path: Path) -> None:
    again = tmp_path / path.name
    again.write_bytes(updated(path, extract()))
    assert updated(again, extract()) == again.read_bytes()
    before = {key(message): message.string for message in messages(path)}
    after = {key(message): message.string for message in messages(again)}
    assert {text: after[text] for text in before} == before


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_message_is_translated_with_its_placeholders(path: Path) -> None:
    found = messages(path)
    assert len(found) > 30
    with path.open("rb") as file:
        plural_count = read_po(file, locale=path.stem).num_plurals
    for message in found:
        said = forms(message.string)
        assert all(said), f"{path.stem} does not say {message.id!r}"
        assert not message.fuzzy
        assert len(said) == (plural_count if message.pluralizable else 1)
        wanted = Counter(_PLACE.findall(forms(message.id)[-1]))
        for text in said:
            assert Counter(_PLACE.findall(text)) == wanted, text
            # A colon or a full stop at the end is part of a layout, in every script.
            assert text[-1:] in (":", "\N{FULLWIDTH COLON}") or forms(message.id)[0][-1:] != ":"


def test_every_message_of_ours_can_be_said() -> None:
    """`say` formats what it is given: a translation with a stray brace would stop a mail."""
    for path in FILES:
        for message in messages(path):
            for text in forms(message.string):
                if "{" in text:
                    text.format(**dict.fromkeys(re.findall(r"\{(\w+)\}", text), "x"))


def digest(locale: str) -> Letter:
    wish = a_reason("china & north-korea & !sport")
    trade = a_reason("japan | taiwan", 32)
    items = (Item(BRIDGE, Shown.FULL, (wish, trade)), Item(a_story(2), Shown.LINKED, (wish,)))
    return a_letter(
        Section(31, wish.expression, items),
        a_section(a_story(3), expression="japan | taiwan"),
        locale=locale,
        newsletter=replace(NEWSLETTER, locales=("en", locale)),
    )


@pytest.mark.parametrize(
    ("locale", "language", "words"),
    [
        ("it", "it", ("giovedì 22 ottobre 2026", "3 notizie per te", "e 1 altra", "NON Sport")),
        ("es", "es", ("jueves, 22 de octubre de 2026", "3 noticias para ti", "Japan o 台湾")),
        ("ko", "ko", ("2026년 10월 22일 목요일", "맞춤 기사 3건", "Sport 제외", "구독 취소")),
        ("zh_Hans", "zh-Hans", ("2026年10月22日", "为您准备了 3 篇报道", "且", "取消订阅")),
        ("zh_CN", "zh-Hans", ("2026年10月22日", "另见", "取消订阅")),
    ],
)
def test_a_mail_speaks_its_language(locale: str, language: str, words: tuple[str, ...]) -> None:
    mail = a_renderer().render(digest(locale), VOCABULARY)
    assert f'<html lang="{language}" dir="ltr"' in mail.html
    for word in words:
        assert word in mail.html, word
    for english in ("Unsubscribe", "View in browser", "You follow", "stories for you", " AND "):
        assert english not in mail.html + mail.text + mail.subject


@pytest.mark.parametrize("locale", ["fr", "zh_Hant", "zh_TW", "zh_HK", "tlh", "", "!"])
def test_a_language_without_a_catalogue_is_english_and_says_so(locale: str) -> None:
    said = speech_of(locale)
    assert said.language == "en"
    assert said.say("You follow {words}", words="Trade") == "You follow Trade"
    assert is_spoken(locale) == (locale in ("", "!", "tlh"))


def test_weights_hold_in_every_language() -> None:
    renderer = a_renderer()
    for locale in ("it", "es", "ko", "zh_Hans"):
        letter = digest(locale)
        stories = [item.story for section in letter.sections for item in section.items]
        weights = renderer.weigh(
            letter.newsletter, Cadence.DAILY, locale, letter.format, stories, VOCABULARY
        )
        content = build_message(letter, renderer.render(letter, VOCABULARY), SITE, SIGNER)
        full = [s.id for section in letter.sections for s in (i.story for i in section.told)]
        most = weights.frame + 2 * weights.section + weights.more
        assert len(content) <= most + sum(weights.full[number] for number in full)


@pytest.fixture
def hebrew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A catalogue of Hebrew letters, made up, so that a mail is written from right to left."""
    lines = ['msgid ""', 'msgstr ""', r'"Content-Type: text/plain; charset=utf-8\n"']
    lines.append(r'"Plural-Forms: nplurals=2; plural=(n != 1);\n"')
    for message in extract():
        for number, text in enumerate(forms(message.id)):
            key = f"msgstr[{number}]" if message.pluralizable else "msgstr"
            parts = re.split(f"({_PLACE.pattern})", text)
            said = "".join(
                part if number % 2 else re.sub("[A-Za-z]+", "שלום", part)
                for number, part in enumerate(parts)
            )
            if number == 0:
                lines.append(f"msgid {_quoted(text)}")
            if message.pluralizable and number == 0:
                lines.append(f"msgid_plural {_quoted(message.id[1])}")
            lines.append(f"{key} {_quoted(said)}")
    (tmp_path / "he.po").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr("mailer.render.catalogues.FOLDER", tmp_path)
    monkeypatch.setattr(speech, "_CATALOGUES", {"he": "he"})
    monkeypatch.setattr(speech, "SPOKEN", frozenset({"en", "he"}))
    read_catalogue.cache_clear()
    speech_of.cache_clear()
    return "he"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def test_a_mail_can_be_written_from_right_to_left(
    hebrew: str, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(speech_of.cache_clear)
    request.addfinalizer(read_catalogue.cache_clear)
    mail = a_renderer().render(digest(hebrew), VOCABULARY)
    assert '<html lang="he" dir="rtl"' in mail.html
    # An English story keeps its own direction inside.
    assert 'lang="en" dir="ltr"' in mail.html
    assert "שלום" in mail.html
    assert "Unsubscribe" not in mail.html
    # Nothing is pushed to a side by name: start and end follow the direction.
    assert not re.search(r"(?:text-align|float|padding|margin|border)[-:](?:left|right)", mail.html)
