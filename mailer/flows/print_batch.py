"""Print a batch: the messages of letters of runs, from editions that all workers share."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from mailer.core.addresses import Address
from mailer.core.letters import Letter
from mailer.core.stories import Story
from mailer.core.tags import Vocabulary
from mailer.flows.build_mail import BuiltMail
from mailer.flows.desk import Desk
from mailer.render.edition import name_of
from mailer.render.printing import Printed, Printing
from mailer.render.sameness import read_mail
from mailer.store.editions import (
    add_edition,
    compiling_alone,
    edition_names,
    read_editions,
    stories_told,
)
from mailer.store.stories import stories_at_revision


@dataclass(frozen=True, slots=True)
class OfRun:
    """A letter, the run it belongs to, and whom it goes to."""

    run_id: int
    letter: Letter
    recipient: Address


def print_batch(
    desk: Desk, papers: Sequence[OfRun], vocabulary: Vocabulary, *, now: datetime
) -> list[Printed]:
    """Return the messages of these letters, in order; what had to be compiled is stored.

    One thread of a process at a time: its printings are shared.

    A stored edition is used as it is, whatever became of the templates since: a mail that is
    tried again has the same bytes.
    """
    kinds: dict[tuple[int, str, str], list[int]] = {}
    for number, paper in enumerate(papers):
        letter = paper.letter
        key = (paper.run_id, letter.locale, letter.format.value)
        kinds.setdefault(key, []).append(number)
    done: dict[int, Printed] = {}
    for key, numbers in kinds.items():
        printing = _printing(desk, key, vocabulary)
        letters = [(papers[number].letter, papers[number].recipient) for number in numbers]
        done.update(zip(numbers, _printed(desk, key, printing, letters, now), strict=True))
    return [done[number] for number in range(len(papers))]


def reprint(desk: Desk, paper: OfRun, vocabulary: Vocabulary) -> BuiltMail | None:
    """Return the mail of a letter as it was printed; None when its edition is not there."""
    printing = desk.renderer.printing(vocabulary)
    letter = paper.letter
    _load(desk, (paper.run_id, letter.locale, letter.format.value), printing)
    content = printing.reprint(letter, paper.recipient)
    if content is None:
        return None
    return BuiltMail(read_mail(content), content, letter.newsletter.sender_address)


def _printing(desk: Desk, key: tuple[int, str, str], vocabulary: Vocabulary) -> Printing:
    known = desk.renderer.printings.get(key)
    if known is not None and _is_stored(desk, key, known):
        known.speak(vocabulary)
        return known
    printing = desk.renderer.printing(vocabulary)
    _load(desk, key, printing)
    desk.renderer.printings.keep(key, printing)
    return printing


def _is_stored(desk: Desk, key: tuple[int, str, str], printing: Printing) -> bool:
    """Say whether the database has all that a printing knows.

    A restored one may give the run's number, and the numbers of its stories, to others.
    """
    with desk.database.read() as connection:
        return printing.names <= edition_names(connection, *key)


def _load(desk: Desk, key: tuple[int, str, str], printing: Printing) -> None:
    with desk.database.read() as connection:
        stored = read_editions(connection, *key)
    printing.take(stored.packed)
    printing.reason = printing.reason or stored.reason


def _printed(
    desk: Desk,
    key: tuple[int, str, str],
    printing: Printing,
    letters: Sequence[tuple[Letter, Address]],
    now: datetime,
) -> list[Printed]:
    def stories() -> Iterable[Story]:
        with desk.database.read() as connection:
            told = stories_told(connection, key[0])
            return stories_at_revision(connection, told).values()

    was_plain = printing.reason
    with ExitStack() as held:

        def more() -> None:
            # Another worker may have compiled what is missing.
            held.enter_context(compiling_alone(desk.database, key[0]))
            _load(desk, key, printing)

        printed = printing.print(letters, stories, more)
        fresh, printing.fresh[:] = list(printing.fresh), []
        if fresh or printing.reason != was_plain:
            with desk.database.write() as connection:
                for packed in fresh:
                    name = name_of(packed)
                    add_edition(connection, *key, name=name, packed=packed, now=now)
                if printing.reason != was_plain:
                    add_edition(connection, *key, reason=printing.reason, now=now)
    return printed
