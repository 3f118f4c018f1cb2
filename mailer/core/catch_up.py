"""Catching up: which of the slots that came due since the last look run now, and which never do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailer.core.clocks import duration_text
from mailer.core.readers import Cadence
from mailer.core.schedules import Lane, Rule, Slot, slots

# 28 days: the shortest month, so that a monthly issue is never later than the one after it.
_PERIOD = {
    Cadence.DAILY: timedelta(days=1),
    Cadence.WEEKLY: timedelta(days=7),
    Cadence.MONTHLY: timedelta(days=28),
}
# A restart or an upgrade takes minutes; what an hour did not bring back was an outage.
_RESTART = timedelta(hours=1)


class CatchUp(StrEnum):
    """COALESCE: the latest missed slot stands for all. SKIP: each slot runs in time or never."""

    COALESCE = "coalesce"
    SKIP = "skip"


def default_max_late(cadence: Cadence, catch_up: CatchUp) -> timedelta:
    """Return how late a slot may run: one period of its cadence; with SKIP, one hour.

    The instant cadence has no slots, and no default.
    """
    return _PERIOD[cadence] if catch_up is CatchUp.COALESCE else _RESTART


@dataclass(frozen=True, slots=True)
class SkippedSlot:
    """A slot that never runs, and why. `covered_by` runs in its place; None: it was too late."""

    slot: Slot
    reason: str
    covered_by: Slot | None = None


@dataclass(frozen=True, slots=True)
class DueSlots:
    """What to do at one look, oldest first: every slot that came due is in exactly one of them."""

    run: tuple[Slot, ...] = ()
    skipped: tuple[SkippedSlot, ...] = ()


def due_slots(
    rule: Rule,
    lanes: Iterable[Lane],
    *,
    looked_until: datetime,
    now: datetime,
    catch_up: CatchUp,
    max_late: timedelta,
) -> DueSlots:
    """Decide about every slot with looked_until < at <= now; the next look starts from `now`.

    A slot is late by `now - at`; exactly `max_late` is still in time. Each lane by itself:

    COALESCE  the latest due slot runs if it is in time, and the earlier ones are covered by it,
              however late they are. If it is not, none runs.
    SKIP      every slot in time runs and no other does. More than one only where `max_late` is
              longer than the time between two slots: the operator then asked for every issue.

    A daily issue at 07:00 whose scheduler was away from Monday 06:00:

    back at          max_late  COALESCE                        SKIP
    Monday 07:20     6h        Monday runs                     Monday runs
    Monday 14:00     6h        Monday too late                 Monday too late
    Wednesday 07:20  6h        Wednesday runs and covers both  Wednesday runs, two too late
    Wednesday 14:00  6h        three too late                  three too late
    Wednesday 10:00  2d        Wednesday runs and covers both  Tuesday, Wednesday run; one too late

    No story is lost either way: a run looks back to each reader's cursor, so what a skipped slot
    would have brought comes with the next one that runs. When the clock went back (`now` before
    `looked_until`) nothing is due until it has caught up. `lanes` are distinct.
    """
    run: list[Slot] = []
    skipped: list[SkippedSlot] = []
    for lane in lanes:
        due = list(slots(rule, lane, looked_until, now))
        in_time = [slot for slot in due if now - slot.at <= max_late]
        if catch_up is CatchUp.COALESCE and in_time:
            run.append(due[-1])
            skipped += (_covered(slot, due[-1]) for slot in due[:-1])
        else:
            run += in_time
            skipped += (_too_late(slot, now, max_late) for slot in due[: len(due) - len(in_time)])
    return DueSlots(
        tuple(sorted(run, key=_order)), tuple(sorted(skipped, key=lambda one: _order(one.slot)))
    )


def _order(slot: Slot) -> tuple[datetime, datetime, str]:
    return slot.at, slot.nominal, slot.lane.text


def _covered(slot: Slot, by: Slot) -> SkippedSlot:
    when = f"{by.nominal:%Y-%m-%d %H:%M} {by.lane.zone}"
    return SkippedSlot(slot, f"missed: the issue of {when} covers it", covered_by=by)


def _too_late(slot: Slot, now: datetime, max_late: timedelta) -> SkippedSlot:
    late, allowed = duration_text(now - slot.at), duration_text(max_late)
    return SkippedSlot(
        slot, f"{late} late, {allowed} allowed: its stories come with the next issue"
    )
