"""Open the runs that should exist by now and don't: what beat does each minute."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailer.core.catch_up import CatchUp, DueSlots, SkippedSlot, due_slots
from mailer.core.readers import Cadence
from mailer.core.schedules import READER_ZONE, lanes_of, read_rule, slot_identity
from mailer.flows.open_run import open_run
from mailer.store.alerts import first_waiting_story
from mailer.store.database import Database
from mailer.store.followers import lanes_in_use
from mailer.store.newsletters import list_newsletters
from mailer.store.runs import add_skipped_run
from mailer.store.schedules import Schedule, list_schedules, looked_at_schedule

# A burst of stories is one alert: the first waits this long for the others.
COALESCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class DueRuns:
    """Runs this look opened, and slots it skipped with the reason."""

    opened: tuple[int, ...]
    skipped: tuple[str, ...]


def open_due_runs(database: Database, *, now: datetime) -> DueRuns:
    """Open the run of every slot that came due, and alerts for stories that wait.

    Several may look at once: a slot's run is unique (I4). Dying between two slots loses nothing:
    the schedule moves on only after all its slots are on record.
    """
    opened: list[int] = []
    skipped: list[str] = []
    with database.read() as connection:
        schedules = [s for s in list_schedules(connection) if s.paused_at is None]
    for schedule in schedules:
        due = _due(database, schedule, now)
        for slot in due.run:
            run = open_run(
                database,
                schedule.newsletter,
                schedule.cadence,
                as_of=slot.at,
                now=now,
                identity=slot_identity(schedule.id, slot),
                lane=slot.lane if schedule.timezone == READER_ZONE else None,
                schedule_id=schedule.id,
            )
            if run.created:
                opened.append(run.run_id)
        skipped += _record_skipped(database, schedule, due.skipped, now)
    opened += _open_alerts(database, now)
    return DueRuns(tuple(opened), tuple(skipped))


def _due(database: Database, schedule: Schedule, now: datetime) -> DueSlots:
    with database.read() as connection:
        in_use = (
            lanes_in_use(connection, schedule.newsletter_id, schedule.cadence)
            if schedule.timezone == READER_ZONE
            else ()
        )
    return due_slots(
        read_rule(schedule.cadence, schedule.at, schedule.days),
        lanes_of(schedule.timezone, in_use),
        looked_until=schedule.looked_until_at,
        now=now,
        catch_up=CatchUp(schedule.catch_up),
        max_late=schedule.max_late,
    )


def _record_skipped(
    database: Database, schedule: Schedule, skipped: tuple[SkippedSlot, ...], now: datetime
) -> list[str]:
    with database.write() as connection:
        for one in skipped:
            add_skipped_run(
                connection,
                slot_key=slot_identity(schedule.id, one.slot),
                newsletter_id=schedule.newsletter_id,
                schedule_id=schedule.id,
                cadence=schedule.cadence,
                zone=one.slot.lane.text if schedule.timezone == READER_ZONE else "",
                as_of=one.slot.at,
                reason=one.reason,
                now=now,
            )
        looked_at_schedule(connection, schedule.id, now)
    return [f"{slot_identity(schedule.id, one.slot)}: {one.reason}" for one in skipped]


def _open_alerts(database: Database, now: datetime) -> list[int]:
    """Open an alert run for each newsletter with a story that has waited long enough."""
    opened = []
    with database.read() as connection:
        waiting = {
            newsletter.slug: first_waiting_story(connection, newsletter.id, now)
            for newsletter in list_newsletters(connection)
            if Cadence.INSTANT in newsletter.cadences
        }
    # The moment lies on a grid, so that all who look at about the same time name the same slot.
    grid = int(COALESCE.total_seconds())
    as_of = datetime.fromtimestamp(int(now.timestamp()) // grid * grid, UTC)
    for slug, first_at in waiting.items():
        if first_at is not None and first_at + COALESCE <= as_of:
            run = open_run(database, slug, Cadence.INSTANT, as_of=as_of, now=now)
            if run.created:
                opened.append(run.run_id)
    return opened
