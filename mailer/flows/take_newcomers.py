"""Take readers from another product: who gets mail there follows here, who must not is suppressed.

Nothing is turned round: an unsubscribe there never ends what a reader began here herself, and
nobody who left is subscribed again. The same export again is no change.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, islice

from mailer.core.hygiene import clean_header
from mailer.core.newcomers import Newcomer, Standing, TopicMap
from mailer.core.reader_imports import BATCH
from mailer.core.reader_lines import ReaderLine, RejectedLine, UnusableLine, read_reader_line
from mailer.core.tokens import Signer
from mailer.errors import InputError
from mailer.flows.take_reader_lines import Newsroom, Taken, Terms, rejected, take_reader_lines
from mailer.store.database import Connection, Database
from mailer.store.newcomers import add_left, subscribed_here
from mailer.store.reader_bulk import suppressed_among
from mailer.store.readers import suppress

_SUPPRESSED = {
    Standing.UNSUBSCRIBED: "unsubscribed",
    Standing.BOUNCED: "bounced",
    Standing.BLOCKED: "blocked",
}


@dataclass(slots=True)
class TakenNewcomers:
    """What became of an export; `left_count` are newsletters that readers had left there."""

    new_count: int = 0
    updated_count: int = 0
    unchanged_count: int = 0
    suppressed_count: int = 0
    left_count: int = 0
    rejected_count: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where newcomers come from: the product and its file, and what they agreed to there."""

    product: str
    file: str
    consent: str

    @property
    def source(self) -> str:
        """What stands as the source of a consent, and as evidence."""
        return f"{self.product} export {self.file}"


def count_topics(newcomers: Iterable[Newcomer]) -> Counter[str]:
    """Return the topics of an export with how many readers get each, most first."""
    counts: Counter[str] = Counter()
    for one in newcomers:
        if one.standing is Standing.SUBSCRIBED:
            counts.update(dict.fromkeys((*one.topics, *one.left)).keys())
    return counts


def take_newcomers(
    database: Database,
    newcomers: Iterator[Newcomer],
    topics: TopicMap,
    origin: Origin,
    *,
    signer: Signer,
    clock: Callable[[], datetime],
    dry: bool = False,
    see: Callable[[], None] = lambda: None,
    tell: Callable[[RejectedLine], None] = lambda _: None,
) -> TakenNewcomers:
    """Take an export in batches, and return what became of its lines.

    `see` is called after each batch, `tell` with each line not taken. A `dry` take writes nothing.
    Raises InputError for a map that names what is not here.
    """
    if not origin.consent.strip():
        raise InputError("an import needs the words these readers agreed to, and where")
    terms = Terms(
        confirmed=True, consent=origin.consent, source=origin.source, signer=signer, dry=dry
    )
    total = TakenNewcomers()
    for file, batch in _batches(newcomers):
        read = _Batch(batch, topics)
        with database.read() if dry else database.write() as connection:
            newsroom = Newsroom(connection)
            _require_known(newsroom, topics)
            taken = take_reader_lines(connection, newsroom, read.lines, terms, clock())
            suppressed = _suppress(connection, read, origin, terms, taken, now=clock())
            left = [] if dry else read.left
            total.left_count += add_left(
                connection, left, source=origin.source, reason="unsubscribed", now=clock()
            )
        total.new_count += taken.new_count
        total.updated_count += taken.updated_count
        total.unchanged_count += taken.unchanged_count
        total.suppressed_count += suppressed
        for line in sorted([*read.bad, *taken.rejected], key=lambda r: r.line):
            total.rejected_count += 1
            reason = f"{file}: {line.reason}" if file else line.reason
            tell(replace(line, reason=reason, cells=read.cells.get(line.line, ())))
        see()
    return total


def _batches(newcomers: Iterator[Newcomer]) -> Iterator[tuple[str, list[Newcomer]]]:
    """Yield newcomers by the hundred, with the file of theirs that counts their lines."""
    for file, its in groupby(newcomers, key=lambda one: one.file):
        while batch := list(islice(its, BATCH)):
            yield file, batch


class _Batch:
    """Some lines of an export, read: a line for each reader, and who must get nothing."""

    def __init__(self, newcomers: Sequence[Newcomer], topics: TopicMap) -> None:
        self.bad: list[RejectedLine] = []
        self.gone: list[tuple[ReaderLine, Newcomer]] = []
        self.left: list[tuple[str, str]] = []
        self.cells = {one.line: one.cells for one in newcomers}
        merged: dict[str, ReaderLine] = {}
        for one in newcomers:
            try:
                line = self._read(one, topics)
            except UnusableLine as error:
                email = clean_header(one.row.get("email", ""), 80)
                self.bad.append(RejectedLine(one.line, email, str(error), error.mend))
                continue
            if line is not None:
                # A line for each subscription: together they are one reader's.
                before = merged.get(line.address.key)
                if before is not None:
                    line = replace(before, wanted=(*before.wanted, *line.wanted))
                merged[line.address.key] = line
        self.lines = list(merged.values())

    def _read(self, one: Newcomer, topics: TopicMap) -> ReaderLine | None:
        if one.problem:
            raise UnusableLine(one.problem, one.mend)
        line = read_reader_line(one.line, one.row)
        if one.standing in _SUPPRESSED:
            self.gone.append((line, one))
            return None
        asked_for = topics.wanted(one)
        left = topics.left(one)
        if one.standing is Standing.PENDING or (one.unconfirmed and not asked_for and not left):
            raise UnusableLine("she has not confirmed there", "let her subscribe on the page")
        self.left += [(line.address.key, slug) for slug in sorted(left)]
        return replace(line, wanted=asked_for)


def _require_known(newsroom: Newsroom, topics: TopicMap) -> None:
    """Raise InputError when the map wants what is not here: every line would say so."""
    for topic in {*topics.topics.values(), topics.everyone} - {None}:
        try:
            newsroom.newsletter(topic.newsletter)  # type: ignore[union-attr]
        except UnusableLine as error:
            raise InputError(f"the map: {error}; {error.mend}") from error


def _suppress(
    connection: Connection,
    batch: _Batch,
    origin: Origin,
    terms: Terms,
    taken: Taken,
    *,
    now: datetime,
) -> int:
    """Suppress who must get nothing, with what the export told; returns how many are new."""
    keys = [line.address.key for line, _ in batch.gone]
    ours = subscribed_here(connection, keys)
    there = suppressed_among(connection, dict.fromkeys(keys, ()))
    count = 0
    for line, one in batch.gone:
        key = line.address.key
        since = ours.get(key)
        if since is not None and one.standing is Standing.UNSUBSCRIBED:
            taken.rejected.append(
                rejected(
                    line,
                    UnusableLine(
                        f"unsubscribed there, but subscribed here since {since:%Y-%m-%d}",
                        "her subscription here stays; suppress her if it was none of her own",
                    ),
                )
            )
            continue
        if key in there:
            taken.unchanged_count += 1
            continue
        there[key] = ("", now)
        count += 1
        if not terms.dry:
            reason = f"{_SUPPRESSED[one.standing]} in {origin.product}"
            evidence = clean_header(f"{origin.source}: {one.evidence}", 600)
            suppress(connection, key, reason, evidence, now)
    return count
