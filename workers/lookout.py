"""The look by itself: what is due is done every few seconds, with or without a broker."""

import logging
import select
import threading
import time
from collections.abc import Callable
from datetime import datetime

from mailer.bootstrap import Installation, webhook_sender
from mailer.errors import RestoredDatabase, ServiceAway, SettingsError
from mailer.flows.drain_ledger import drain_ledger
from mailer.flows.find_quiet_follows import find_quiet_follows, tell_quiet_follows
from mailer.flows.open_due_runs import open_due_runs
from mailer.flows.poll_feeds import FeedPoller
from mailer.flows.purge import purge
from mailer.ports import Backend
from workers.beside import slow_work_beside

EVERY_SECONDS = 10.0
# Mail waits while feeds are asked, programs told and rows purged: the rest has its turn after the
# next look.
_ASIDE_SECONDS = 5.0
_log = logging.getLogger(__name__)


def look_forever(room: Installation, backend: Backend, *, wait: Callable[[], bool]) -> None:
    """Open due runs, recover, plan and deliver, again and again until `wait` says stop.

    `wait` sleeps between two looks and returns True when it is time to stop. A database that is
    away is waited for. With each new day it tells readers of follows that bring nothing, and with
    each new hour it deletes what has had its time. Imports are taken and
    bounces looked for beside it.
    """
    with slow_work_beside(room):
        _look_forever(room, backend, wait)


def _look_forever(room: Installation, backend: Backend, wait: Callable[[], bool]) -> None:
    day = room.clock().date()
    hour: datetime | None = None
    while True:
        try:
            if (today := room.clock().date()) != day:
                look_after_follows(room)
                day = today
            look_once(room, backend)
            look_at_feeds(room)
            look_at_webhooks(room)
            if (this_hour := room.clock().replace(minute=0, second=0, microsecond=0)) != hour:
                hour = None if purge_some(room) else this_hour
        except ServiceAway as error:
            _log.warning("%s: looking again in %.0f s", error, EVERY_SECONDS)
        except (RestoredDatabase, SettingsError) as error:
            _log.error("%s", error)
        if wait():
            return


def look_after_follows(room: Installation) -> None:
    """Tell readers, once a follow, of those that nothing has matched for long."""
    now = room.clock()
    found = find_quiet_follows(room.desk.database, now=now)
    tell_quiet_follows(room.desk, found, now=now)


def look_at_feeds(room: Installation) -> None:
    """Ask the feeds that are due for what is new, as far as there is time."""
    for look in FeedPoller(room.desk.database, room.clock).poll_due(_for_a_while()):
        if look.error:
            _log.warning("feed %s: %s", look.url, look.error)


def purge_some(room: Installation) -> bool:
    """Delete what has had its time, as far as there is time; say whether some is left."""
    done = purge(
        room.desk.database, room.settings.retention, now=room.clock(), go_on=_for_a_while()
    )
    return done.more


def _for_a_while() -> Callable[[], bool]:
    end = time.monotonic() + _ASIDE_SECONDS
    return lambda: time.monotonic() < end


def look_at_webhooks(room: Installation) -> None:
    """Tell programs what happened, as far as there is time."""
    for webhook_id in webhook_sender(room).send_due(_for_a_while()).disabled:
        _log.error("webhook %s is disabled: see 'mailer webhooks list'", webhook_id)


def look_once(room: Installation, backend: Backend) -> None:
    """Do what is due now."""
    open_due_runs(room.desk.database, now=room.clock())
    drain_ledger(
        room.desk,
        backend,
        clock=room.clock,
        window=room.settings.smtp_window,
        lanes=room.lanes,
        policy=room.settings.in_doubt,
    )


def wait_on_event(stop: threading.Event) -> Callable[[], bool]:
    """Return a wait that ends early when the event is set."""
    return lambda: stop.wait(EVERY_SECONDS)


def wait_on_pipe(descriptor: int, stop: threading.Event) -> Callable[[], bool]:
    """Return a wait that says stop when the other end of a pipe is closed, or on the event."""

    def wait() -> bool:
        closed, _, _ = select.select([descriptor], [], [], EVERY_SECONDS)
        return bool(closed) or stop.is_set()

    return wait


class Doorbell:
    """The bell of a process that does all the work itself: ringing ends the wait between looks."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._rung = threading.Event()

    def ring_plan(self, run_id: int) -> None:
        """A run waits to be planned."""
        self._rung.set()

    def ring_deliver(self, run_id: int, *, alert: bool = False) -> None:
        """A run has deliveries due."""
        self._rung.set()

    def ring_notice(self) -> None:
        """A notice is due; somebody waits for it."""
        self._rung.set()

    def wake(self) -> None:
        """End the wait, too, when it is time to stop."""
        self._rung.set()

    def wait(self) -> bool:
        """Wait for a ring or the next look, and say whether it is time to stop."""
        if not self._stop.is_set():
            self._rung.wait(EVERY_SECONDS)
        self._rung.clear()
        return self._stop.is_set()
