"""Schedules: adding, changing, listing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from mailer.core.readers import Cadence
from mailer.errors import NotFoundError
from mailer.store.tables import newsletters, schedules


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a newsletter's cadence is due.

    `at` is a local time "07:00"; `days` names days ("mon-fri", "1,15") or is empty for the
    cadence's own; `timezone` is an IANA name or "reader". Slots up to `looked_until_at` are done.
    """

    id: int
    newsletter_id: int
    newsletter: str
    cadence: Cadence
    at: str
    days: str
    timezone: str
    catch_up: str
    max_late: timedelta
    paused_at: datetime | None
    looked_until_at: datetime


def add_schedule(
    connection: Connection,
    *,
    newsletter_id: int,
    cadence: Cadence,
    at: str,
    days: str,
    timezone: str,
    catch_up: str,
    max_late: timedelta,
    now: datetime,
) -> int:
    """Add a schedule whose slots count from `now` and return its id."""
    added: int = connection.execute(
        insert(schedules)
        .values(
            newsletter_id=newsletter_id,
            cadence=cadence.value,
            at=at,
            days=days,
            timezone=timezone,
            catch_up=catch_up,
            max_late_seconds=int(max_late.total_seconds()),
            created_at=now,
            looked_until_at=now,
        )
        .returning(schedules.c.id)
    ).scalar_one()
    return added


def list_schedules(connection: Connection) -> list[Schedule]:
    """Return all current schedules by id."""
    return [_schedule(row) for row in connection.execute(_current())]


def schedules_of(connection: Connection, newsletter_id: int) -> list[Schedule]:
    """Return the current schedules of a newsletter by id."""
    rows = connection.execute(_current().where(schedules.c.newsletter_id == newsletter_id))
    return [_schedule(row) for row in rows]


def find_schedule(connection: Connection, schedule_id: int) -> Schedule:
    """Return a current schedule; raises NotFoundError."""
    row = connection.execute(_current().where(schedules.c.id == schedule_id)).one_or_none()
    if row is None:
        raise NotFoundError(
            f"no schedule {schedule_id}: 'mailer schedules list' shows those there are"
        )
    return _schedule(row)


def looked_at_schedule(connection: Connection, schedule_id: int, until: datetime) -> None:
    """Record that all slots up to `until` are on record; never moves back."""
    connection.execute(
        update(schedules)
        .where(schedules.c.id == schedule_id, schedules.c.looked_until_at < until)
        .values(looked_until_at=until)
    )


def pause_schedule(connection: Connection, schedule_id: int, at: datetime) -> None:
    """Stop opening runs of this schedule."""
    connection.execute(
        update(schedules)
        .where(schedules.c.id == schedule_id, schedules.c.paused_at.is_(None))
        .values(paused_at=at)
    )


def resume_schedule(connection: Connection, schedule_id: int, at: datetime) -> None:
    """Open runs again, from now on: slots of the pause are not caught up."""
    connection.execute(
        update(schedules)
        .where(schedules.c.id == schedule_id)
        .values(paused_at=None, looked_until_at=at)
    )


def end_schedule(connection: Connection, schedule_id: int, at: datetime) -> None:
    """Remove a schedule; its runs stay."""
    connection.execute(update(schedules).where(schedules.c.id == schedule_id).values(ended_at=at))


def _current() -> Select[Any]:
    return (
        select(schedules, newsletters.c.slug.label("newsletter"))
        .join_from(schedules, newsletters)
        .where(schedules.c.ended_at.is_(None))
        .order_by(schedules.c.id)
    )


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(
        id=row.id,
        newsletter_id=row.newsletter_id,
        newsletter=row.newsletter,
        cadence=Cadence(row.cadence),
        at=row.at,
        days=row.days,
        timezone=row.timezone,
        catch_up=row.catch_up,
        max_late=timedelta(seconds=row.max_late_seconds),
        paused_at=row.paused_at,
        looked_until_at=row.looked_until_at,
    )
