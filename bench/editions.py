"""Measure making mails: each by Jinja, premailer and EmailMessage, and joined from an edition.

    python -m bench.editions --stories 5,20,50,100 --readers 512 --repeats 5 --json editions.json

Both ways make the same mails of the same readers and take turns within each repeat; a mail tells
every story of its run, in its reader's own order. Told is processor time: to make a mail plainly,
to compile the edition (with two mails held against plain ones), to join a mail from it, their
ratio, and mails a second of one core. Every tenth compiled mail is held against the plain one.
"""

import argparse
import json
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.tables import Spread, print_table, spread
from mailer.core.addresses import Address, read_address
from mailer.core.digests import Item, Reason, Section, Shown
from mailer.core.expressions import canonical, in_words, parse
from mailer.core.letters import Letter
from mailer.core.readers import Cadence, MailFormat, Newsletter
from mailer.core.stories import Story
from mailer.core.tags import Tag, Vocabulary
from mailer.core.tokens import Signer
from mailer.render.mail import Renderer
from mailer.render.printing import Printing
from mailer.render.sameness import difference
from mailer.render.site import Site

_AS_OF = datetime(2026, 6, 1, 6, tzinfo=UTC)
_TAGS = ("china", "japan", "taiwan", "north-korea", "south-korea", "trade", "sport", "asia")
_FOLLOWED = (
    *("china & north-korea", "trade", "(japan | taiwan) & trade", "asia & !sport", "south-korea"),
    *("china", "japan | taiwan", "asia & trade"),
)
_ZONES = ("UTC", "Asia/Seoul", "America/Chicago", "Europe/Rome")
_NAMES = ("Mina Park", "Giulia Conti", "김서연", "Ana Núñez", "")
_BATCH = 64  # As delivery builds them.
_PLAIN = 16  # Of the same letters: each takes milliseconds.
_WORDS = (
    *("harbour", "bridge", "minister", "budget", "river", "strike", "festival", "court"),
    *("border", "ferry", "railway"),
)


def main() -> None:
    """Measure every size, tell the table, and write the JSON where it was asked for."""
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted.add_argument("--stories", default="5,20,50,100", help="sizes, with commas")
    wanted.add_argument("--readers", type=int, default=512)
    wanted.add_argument("--repeats", type=int, default=5)
    wanted.add_argument("--json", type=Path, help="where to write all figures")
    given = wanted.parse_args()
    rows = []
    for stories in map(int, given.stories.split(",")):
        runs = [_measure(stories, given.readers, seed) for seed in range(given.repeats)]
        rows.append({name: spread([run[name] for run in runs]) for name in runs[0]})
    _tell(rows, given.repeats, given.readers)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def _tell(rows: list[dict[str, Spread]], repeats: int, readers: int) -> None:
    title = f"{readers} readers, processor time, medians of {repeats} (least–most)"
    print_table(title, rows)


def _measure(story_count: int, reader_count: int, seed: int) -> dict[str, float]:
    vocabulary = Vocabulary([Tag(slug, slug.replace("-", " ").title()) for slug in _TAGS])
    renderer = Renderer(
        Site("Bench", "https://bench.example", "Bench\n1 Bench Street\nTestville"),
        Signer(("bench",)),
        max_mail_bytes=100 * 1024,
    )
    letters = _letters(story_count, reader_count, vocabulary, random.Random(seed))
    started = time.process_time()
    for letter, _ in letters[:_PLAIN]:
        renderer.content(letter, vocabulary)
    plain = (time.process_time() - started) / _PLAIN
    printing = renderer.printing(vocabulary)
    started = time.process_time()
    # Readers with and without a name: each of the two has a page of its own.
    printing.print(letters[:_BATCH])
    compiled = time.process_time() - started
    _print(printing, letters)
    started = time.process_time()
    octets = _print(printing, letters)
    joined = (time.process_time() - started) / len(letters)
    if printing.reason or printing.counts.plain:
        raise SystemExit(f"mails went the plain way: {printing.reason or printing.counts}")
    for letter, to in letters[:: max(reader_count // 10, 1)]:
        content = printing.print([(letter, to)])[0].content
        if differs := difference(content, renderer.content(letter, vocabulary)):
            raise SystemExit(f"the two ways differ in {differs}")
    return {
        "stories": story_count,
        "KB a mail": octets / len(letters) / 1024,
        "plain ms a mail": plain * 1e3,
        "compile and first 64 mails, s": compiled,
        "joined µs a mail": joined * 1e6,
        "times less": plain / joined,
        "joined a second": 1 / joined,
    }


def _print(printing: Printing, letters: list[tuple[Letter, Address]]) -> int:
    octets = 0
    for start in range(0, len(letters), _BATCH):
        for printed in printing.print(letters[start : start + _BATCH]):
            octets += len(printed.content)
    return octets


def _letters(
    story_count: int, reader_count: int, vocabulary: Vocabulary, chance: random.Random
) -> list[tuple[Letter, Address]]:
    stories = [_story(number, chance) for number in range(1, story_count + 1)]
    newsletter = Newsletter(
        id=1,
        slug="bench",
        name="The Bench",
        description="",
        sender_name="The Bench",
        sender_address="news@bench.example",
        reply_to="",
        template="digest",
        locales=("en",),
        cadences=(Cadence.DAILY,),
        base_expression="*",
        timezone="UTC",
    )
    letters = []
    for number in range(reader_count):
        email = f"reader{number}@mail{number % 7}.example"
        letter = Letter(
            key=f"digest:bench:{number}",
            message_id=f"<{number:032x}@bench.example>",
            newsletter=newsletter,
            cadence=Cadence.DAILY,
            as_of=_AS_OF,
            reader_id=number + 1,
            subscription_id=number + 1,
            email=email,
            name=_NAMES[number % len(_NAMES)],
            locale="en",
            timezone=_ZONES[number % len(_ZONES)],
            format=MailFormat.HTML,
            sections=_sections(stories, number, vocabulary, chance),
        )
        letters.append((letter, read_address(email)))
    return letters


def _sections(
    stories: list[Story], number: int, vocabulary: Vocabulary, chance: random.Random
) -> tuple[Section, ...]:
    """Three follows share all stories; half of them are shown full."""
    order = chance.sample(stories, len(stories))
    parts = [part for part in (order[0::3], order[1::3], order[2::3]) if part]
    sections = []
    for at, part in enumerate(parts):
        expression = parse(chance.choice(_FOLLOWED), vocabulary)
        reason = Reason(number * 3 + at + 1, canonical(expression), in_words(expression))
        items = tuple(
            Item(story, Shown.HEADLINE if depth >= (len(part) + 1) // 2 else Shown.FULL, (reason,))
            for depth, story in enumerate(part)
        )
        sections.append(Section(reason.follow_id, reason.expression, items))
    return tuple(sections)


def _story(number: int, chance: random.Random) -> Story:
    story = Story(
        id=number,
        uid=f"story-{number}",
        revision=1,
        title=" ".join(chance.choices(_WORDS, k=8)).capitalize(),
        url=f"https://bench.example/2026/06/01/{number}-{'-'.join(chance.choices(_WORDS, k=4))}",
        summary=" ".join(chance.choices(_WORDS, k=24)).capitalize() + ".",
        byline="So-yeon Baek",
        dateline="Busan",
        language="en",
        published_at=_AS_OF - timedelta(minutes=7 * number),
        eligible_at=_AS_OF - timedelta(minutes=7 * number),
        kicker=tuple(chance.sample(_TAGS[:5], 2)),
    )
    return replace(story, topics=("trade",)) if number % 3 else story


if __name__ == "__main__":
    main()
