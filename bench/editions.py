"""Measure making mails: each by Jinja, premailer and EmailMessage, and joined from an edition.

    python -m bench.editions --stories 5,20,50,100 --readers 512 --repeats 5 --json editions.json

Both ways make mails of the same run and take turns within each repeat; a mail tells every story of
its run. Told is processor time: to make a mail plainly, to compile the edition (with two mails
held against plain ones), to join a mail from it, their ratio, and mails a second of one core.

Joined are letters that were never printed before, in batches written just before, as a worker
does; as many others of the run were printed already. Follows are shared as in a newsroom: some
hundred combinations, the popular ones more often, stories newest first. "No two alike" is the
worst there can be: each reader has all stories in an order of her own. Every tenth compiled mail
is held against the plain one.
"""

import argparse
import itertools
import json
import random
import time
from collections.abc import Sequence
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


_NEWSLETTER = Newsletter(
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
    chance = random.Random(seed)
    run = _Run(_stories(story_count, chance), vocabulary, chance)
    alike, others = ([run.letter(n, kind) for n in range(_PLAIN)] for kind in (True, False))
    started = time.process_time()
    for letter, _ in alike + others:
        renderer.content(letter, vocabulary)
    plain = (time.process_time() - started) / (2 * _PLAIN)
    printing = renderer.printing(vocabulary)
    started = time.process_time()
    # Readers with and without a name: each of the two has a page of its own.
    printing.print([run.letter(number, True) for number in range(_BATCH)])
    compiled = time.process_time() - started
    joined, octets = _joined(printing, run, reader_count, alike=True)
    apart, _ = _joined(printing, run, reader_count, alike=False)
    if printing.reason or printing.counts.plain:
        raise SystemExit(f"mails went the plain way: {printing.reason or printing.counts}")
    for number in range(0, reader_count, max(reader_count // 10, 1)):
        for kind in (True, False):
            letter, to = run.letter(number, kind)
            content = printing.print([(letter, to)])[0].content
            if differs := difference(content, renderer.content(letter, vocabulary)):
                raise SystemExit(f"the two ways differ in {differs}")
    return {
        "stories": story_count,
        "KB a mail": octets / 1024,
        "plain ms a mail": plain * 1e3,
        "compile and first 64 mails, s": compiled,
        "joined µs a mail": joined * 1e6,
        "times less": plain / joined,
        "joined a second": 1 / joined,
        "no two alike: µs": apart * 1e6,
        "a second": 1 / apart,
    }


def _joined(
    printing: Printing, run: "_Run", reader_count: int, *, alike: bool
) -> tuple[float, float]:
    """Return the seconds and the octets of a mail, of readers not printed before."""
    seconds, octets = 0.0, 0
    for start in range(0, 2 * reader_count, _BATCH):
        numbers = range(start, min(start + _BATCH, 2 * reader_count))
        letters = [run.letter(number, alike) for number in numbers]
        started = time.process_time()
        printed = printing.print(letters)
        if start >= reader_count:
            seconds += time.process_time() - started
            octets += sum(len(each.content) for each in printed)
    measured = 2 * reader_count - -(-reader_count // _BATCH) * _BATCH
    return seconds / measured, octets / measured


class _Run:
    """A run, and what letters of it tell whom."""

    def __init__(self, stories: list[Story], vocabulary: Vocabulary, chance: random.Random) -> None:
        self._stories = stories
        self._chance = chance
        self._reasons = []
        for slug in _FOLLOWED:
            written = parse(slug, vocabulary)
            self._reasons.append((canonical(written), in_words(written)))
        self._follows = list(itertools.permutations(range(len(_FOLLOWED)), 3))
        chance.shuffle(self._follows)
        self._weights = [1 / rank for rank in range(1, len(self._follows) + 1)]

    def letter(self, number: int, alike: bool) -> tuple[Letter, Address]:
        """Return a letter of three follows that share all stories; half are shown full."""
        chance = self._chance
        order = self._stories if alike else chance.sample(self._stories, len(self._stories))
        follows = chance.choices(self._follows, self._weights)[0]
        email = f"reader{number}@mail{number % 7}.example"
        sections = tuple(
            _section(order[at::3], Reason(number * 3 + at + 1, *self._reasons[follow]))
            for at, follow in enumerate(follows)
            if order[at::3]
        )
        letter = Letter(
            key=f"digest:bench:{number}",
            message_id=f"<{number:032x}@bench.example>",
            newsletter=_NEWSLETTER,
            cadence=Cadence.DAILY,
            as_of=_AS_OF,
            reader_id=number + 1,
            subscription_id=number + 1,
            email=email,
            name=_NAMES[number % len(_NAMES)],
            locale="en",
            timezone=_ZONES[number % len(_ZONES)],
            format=MailFormat.HTML,
            sections=sections,
        )
        return letter, read_address(email)


def _section(stories: Sequence[Story], reason: Reason) -> Section:
    half = (len(stories) + 1) // 2
    items = tuple(
        Item(story, Shown.HEADLINE if depth >= half else Shown.FULL, (reason,))
        for depth, story in enumerate(stories)
    )
    return Section(reason.follow_id, reason.expression, items)


def _stories(count: int, chance: random.Random) -> list[Story]:
    return [_story(number, chance) for number in range(1, count + 1)]


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
