"""Read the dashboard: what runs, what comes, what went, and what needs somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.core.expressions import parse
from mailer.core.matching import Board
from mailer.core.runs import Run
from mailer.core.throttles import RelayState
from mailer.errors import ExpressionError
from mailer.flows.desk import Desk
from mailer.flows.find_quiet_follows import LONG
from mailer.flows.keep_schedules import ComingSlot, coming_slots
from mailer.flows.kept import WORTH_KEEPING, Kept
from mailer.flows.list_domains import ListedDomain, list_domains
from mailer.store.dashboard import (
    Backlog,
    Growth,
    accepted_lately,
    bounce_counts,
    most_followed,
    read_backlog,
    read_growth,
    reader_counts,
    suppressed_count,
)
from mailer.store.database import Database
from mailer.store.ledger_reading import DeliveryRow, doubtful_deliveries
from mailer.store.mailbox_looks import BOUNCES, MailboxLook, find_look
from mailer.store.runs import list_runs, paused_runs, unfinished_runs
from mailer.store.stories import read_board_stories
from mailer.store.tags import read_vocabulary

_WEEKS = 13
_FRESH = timedelta(minutes=5)
# Beyond that many meanings the dead ones are looked for by `mailer plan`.
_MOST_MEANINGS = 2000


@dataclass(frozen=True, slots=True)
class RunningRun:
    """A run at work; `seconds_left` is None while nothing says how fast it goes."""

    run: Run
    a_minute: int
    seconds_left: int | None


@dataclass(frozen=True, slots=True)
class Live:
    """What changes while one looks. `paused` runs wait until somebody resumes them."""

    running: Sequence[RunningRun]
    paused: Sequence[Run]
    backlog: Backlog


@dataclass(frozen=True, slots=True)
class Audience:
    """Who reads and what they follow, as of a moment: all readers and follows are counted."""

    as_of: datetime
    growth: Growth
    readers: Mapping[str, int]
    followed: Sequence[tuple[str, int]]
    dead: Sequence[tuple[str, int]]
    quiet: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """All of it."""

    live: Live
    coming: Sequence[ComingSlot]
    last: Sequence[Run]
    doubtful: Sequence[DeliveryRow]
    domains: Sequence[ListedDomain]
    relays: Sequence[RelayState]
    bounces: Mapping[str, int]
    suppressed: int
    mailbox: MailboxLook | None
    audience: Audience


def read_live(desk: Desk, *, now: datetime) -> Live:
    """Return what changes from second to second."""
    with desk.database.read() as connection:
        running = []
        for run in unfinished_runs(connection):
            lately = accepted_lately(connection, run.id, now)
            left = round(run.open_count * 60 / lately) if lately else None
            running.append(RunningRun(run, lately, left))
        return Live(running, paused_runs(connection), read_backlog(connection, now))


def read_dashboard(desk: Desk, audience: Audience, *, now: datetime) -> Dashboard:
    """Return everything the dashboard shows, beside an audience that was read lately."""
    live = read_live(desk, now=now)
    coming = coming_slots(desk.database, now=now, count=6)
    domains = list_domains(desk, now=now)
    with desk.database.read() as connection:
        return Dashboard(
            live=live,
            coming=coming,
            last=list_runs(connection, 12),
            doubtful=doubtful_deliveries(connection, 20),
            domains=domains[:12],
            relays=desk.throttle.relay_states(now=now),
            bounces=bounce_counts(connection, now - timedelta(days=7)),
            suppressed=suppressed_count(connection),
            mailbox=find_look(connection, BOUNCES),
            audience=audience,
        )


class Census(Kept[Audience]):
    """Keeps the audience: a million readers and their follows take seconds to count."""

    def __init__(self, database: Database) -> None:
        super().__init__(
            lambda now: read_audience(database, now=now), fresh=_FRESH, worth=WORTH_KEEPING
        )


def read_audience(database: Database, *, now: datetime) -> Audience:
    """Count the audience."""
    moments = [now - timedelta(weeks=weeks) for weeks in reversed(range(_WEEKS))]
    with database.read() as connection:
        vocabulary = read_vocabulary(connection)
        meanings = most_followed(connection, _MOST_MEANINGS)
        board = Board(read_board_stories(connection, now - LONG, now), vocabulary, now)
        recent = board.bits_of([s.id for s in board.stories if s.eligible_at >= now - LONG])
        dead, quiet = [], []
        for canonical, count in meanings:
            try:
                matching = board.matching_bits(parse(canonical, vocabulary)) & recent
            except ExpressionError:
                dead.append((canonical, count))
            else:
                quiet += [] if matching else [(canonical, count)]
        return Audience(
            as_of=now,
            growth=read_growth(connection, moments),
            readers=reader_counts(connection),
            followed=meanings[:10],
            dead=dead[:20],
            quiet=quiet[:20],
        )
