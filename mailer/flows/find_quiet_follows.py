"""Find follows that have brought nothing for long, and tell their readers once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from mailer.core.expressions import And, parse
from mailer.core.matching import Board
from mailer.core.notices import Link, Occasion
from mailer.core.readers import Cadence, Wanted
from mailer.core.tags import Vocabulary
from mailer.core.tokens import Purpose
from mailer.errors import ExpressionError
from mailer.flows.desk import Desk
from mailer.flows.send_notice import NewNotice, send_notice
from mailer.render.follow_words import FollowWords
from mailer.store.database import Connection, Database
from mailer.store.newsletters import find_newsletter, list_newsletters
from mailer.store.quiet_follows import OldFollow, old_follows
from mailer.store.readers import readers_by_id
from mailer.store.stories import read_board_stories
from mailer.store.tags import read_vocabulary

LONG = timedelta(days=60)
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class QuietFollow:
    """A follow that no story has matched since `since_at`.

    `is_broken` when it cannot be read any more: a tag of it is gone.
    """

    follow_id: int
    reader_id: int
    subscription_id: int
    email: str
    newsletter: str
    expression: str
    cadence: Cadence
    since_at: datetime
    is_broken: bool


def find_quiet_follows(
    database: Database, *, now: datetime, long: timedelta = LONG, reader_id: int | None = None
) -> list[QuietFollow]:
    """Return current follows, older than `long`, that no story of that time matched.

    Of all confirmed readers, or of one; in order of their ids.
    """
    with database.read() as connection:
        return quiet_follows(connection, now=now, long=long, reader_id=reader_id)


def quiet_follows(
    connection: Connection,
    *,
    now: datetime,
    long: timedelta = LONG,
    reader_id: int | None = None,
) -> list[QuietFollow]:
    """Do the same on an open connection."""
    start_at = now - long
    if not old_follows(connection, start_at, after_id=0, reader_id=reader_id, limit=1):
        return []
    vocabulary = read_vocabulary(connection)
    bases = {one.slug: one.base_expression or "*" for one in list_newsletters(connection)}
    board = Board(read_board_stories(connection, start_at, now), vocabulary, now)
    recent = board.bits_of([s.id for s in board.stories if s.eligible_at >= start_at])
    look = cache(lambda base, text: _verdict(board, vocabulary, recent, base, text))
    found = []
    after_id = 0
    while True:
        rows = old_follows(
            connection, start_at, after_id=after_id, reader_id=reader_id, limit=_BATCH
        )
        for row in rows:
            verdict = look(bases[row.newsletter], row.expression)
            if verdict is not None:
                found.append(_quiet(row, start_at, is_broken=verdict))
        if len(rows) < _BATCH:
            return found
        after_id = rows[-1].id


def tell_quiet_follows(desk: Desk, found: Sequence[QuietFollow], *, now: datetime) -> int:
    """Queue a notice for each of these that was not told of yet; returns how many."""
    told = 0
    for start in range(0, len(found), _BATCH):
        batch = found[start : start + _BATCH]
        with desk.database.write() as connection:
            vocabulary = read_vocabulary(connection)
            readers = readers_by_id(connection, [quiet.reader_id for quiet in batch])
            for quiet in batch:
                reader = readers[quiet.reader_id]
                words = FollowWords(vocabulary, reader.locale)
                wanted = Wanted(quiet.expression, quiet.cadence)
                link = Link.signed(Purpose.PREFERENCES, reader.id, quiet.subscription_id)
                follow = quiet.expression if quiet.is_broken else words.follow(wanted)
                notice = NewNotice.to(
                    reader,
                    Occasion.QUIET_FOLLOW,
                    f"quiet:{quiet.follow_id}",
                    newsletter=find_newsletter(connection, quiet.newsletter),
                    subscription_id=quiet.subscription_id,
                    words={"follow": follow, "days": (now - quiet.since_at).days},
                    links={"preferences": link},
                )
                told += send_notice(desk, connection, notice, now=now) is not None
    return told


def _verdict(
    board: Board, vocabulary: Vocabulary, recent: int, base: str, text: str
) -> bool | None:
    """Return None for a follow that brings something, else whether it is broken."""
    try:
        within = And((parse(base, vocabulary), parse(text, vocabulary)))
    except ExpressionError:
        return True
    return None if board.matching_bits(within) & recent else False


def _quiet(row: OldFollow, since_at: datetime, *, is_broken: bool) -> QuietFollow:
    return QuietFollow(
        follow_id=row.id,
        reader_id=row.reader_id,
        subscription_id=row.subscription_id,
        email=row.email,
        newsletter=row.newsletter,
        expression=row.expression,
        cadence=row.cadence,
        since_at=since_at,
        is_broken=is_broken,
    )
