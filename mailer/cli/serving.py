"""`mailer web`, `worker`, `beat`, `up` and `drain`: what runs until it is told to stop."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Annotated

import typer

from mailer.bootstrap import Installation, webhook_sender
from mailer.cli.logs import lay_out_logs
from mailer.cli.options import JsonOption
from mailer.cli.output import note, print_json, say
from mailer.cli.progress import See, progress
from mailer.cli.room import open_room
from mailer.flows.add_first_admin import add_first_admin
from mailer.flows.drain_ledger import drain_ledger
from mailer.settings import LogFormat, Settings, read_settings
from mailer.store.dashboard import read_backlog

_log = logging.getLogger(__name__)
# Counting what is due takes longer than drawing it.
_LOOK_SECONDS = 2.0

HostOption = Annotated[
    str, typer.Option(help="The address to listen on; 0.0.0.0 for all, behind a proxy only.")
]
PortOption = Annotated[
    int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")
]


def worker(
    queues: Annotated[
        list[str] | None, typer.Option(help="Only this queue; may be repeated. Else all.")
    ] = None,
    concurrency: Annotated[
        int, typer.Option(min=1, max=256, help="Processes; else one per processor.")
    ] = os.cpu_count() or 1,
) -> None:
    """Plan and deliver what the bells of the broker announce; start any number, anywhere.

    SIGTERM stops softly. While the broker is away it finds due work by itself.
    """
    from workers.serving import serve_worker

    settings = read_settings()
    _begin(settings)
    raise typer.Exit(serve_worker(settings, queues or (), concurrency))


def beat() -> None:
    """Ring the clock's bells; several beats do no harm, since a slot runs once."""
    from workers.serving import serve_beat

    settings = read_settings()
    _begin(settings)
    serve_beat(settings)


def web(host: HostOption = "127.0.0.1", port: PortOption = 8000) -> None:
    """Serve the pages of readers, operators and programs.

    Put a web server with TLS before it, and tell MAILER_TRUSTED_PROXIES how many there are.
    """
    from mailer.web.serving import serve
    from workers.serving import bell_of

    settings = read_settings()
    _begin(settings)
    with open_room(settings) as room:
        _add_first_admin(room)
        _announce(settings, f"web: listening on {host} port {port}; Ctrl-C stops")
        serve(room, host, port, None if room.settings.is_embedded else bell_of(room.settings))


def up(host: HostOption = "127.0.0.1", port: PortOption = 8000) -> None:
    """Run everything in this process, without any service: pages, schedules, alerts, sending."""
    from mailer.web.serving import serving
    from workers.lookout import Doorbell, look_forever

    settings = read_settings()
    _begin(settings)
    stop = threading.Event()
    bell = Doorbell(stop)
    _stop_on_signals(stop, bell.wake)
    with open_room(settings) as room, serving(room, host, port, bell) as address:
        backend = room.open_backend(sys.stdout)
        _add_first_admin(room)
        _announce(settings, f"up: pages at {address}; schedules and alerts run here; Ctrl-C stops")
        try:
            look_forever(room, backend, wait=bell.wait)
        finally:
            backend.close()


def drain(
    forever: Annotated[
        bool, typer.Option("--forever", help="Look again every 10 s, and open due runs, too.")
    ] = False,
    until_closed: Annotated[int | None, typer.Option(hidden=True)] = None,
    as_json: JsonOption = False,
) -> None:
    """Plan and deliver everything that is due, without any broker."""
    settings = read_settings()
    if forever:
        _begin(settings)
    with open_room(settings) as room:
        backend = room.open_backend(sys.stderr if as_json else sys.stdout)
        try:
            if forever:
                from workers.lookout import look_forever, wait_on_event, wait_on_pipe

                stop = _stop_on_signals()
                wait = (
                    wait_on_event(stop)
                    if until_closed is None
                    else wait_on_pipe(until_closed, stop)
                )
                look_forever(room, backend, wait=wait)
                return
            # The console backend draws mails where the bar would be.
            quiet = as_json or settings.backend == "console"
            with progress("mails", None, quiet=quiet) as see:
                drained = drain_ledger(
                    room.desk,
                    backend,
                    clock=room.clock,
                    window=room.settings.smtp_window,
                    lanes=room.lanes,
                    policy=room.settings.in_doubt,
                    go_on=_seen(room, see),
                )
            told = webhook_sender(room).send_due()
        finally:
            backend.close()
    counts = {state.value: count for state, count in sorted(drained.counts.items())}
    if as_json:
        print_json(
            {
                "counts": counts,
                "halted": drained.halted,
                "paused": drained.paused,
                "webhooks": {"delivered": told.delivered_count, "failed": told.failed_count},
            }
        )
    else:
        words = ", ".join(f"{count} {state}" for state, count in counts.items())
        say(words or "nothing was due")
        if told.delivered_count or told.failed_count:
            say(f"webhooks: {told.delivered_count} delivered, {told.failed_count} failed")
    for run_id, reason in sorted(drained.paused.items()):
        note(f"run {run_id} was paused: {reason}")
    if drained.halted:
        note(f"halted: {drained.halted}")
    if drained.halted or drained.paused:
        raise typer.Exit(1)


def _seen(room: Installation, see: See) -> Callable[[], bool]:
    """Return what says yes before each window, and shows now and then how much is done."""
    looked_at, most = 0.0, 0

    def go_on() -> bool:
        nonlocal looked_at, most
        if time.monotonic() - looked_at >= _LOOK_SECONDS:
            looked_at = time.monotonic()
            with room.desk.database.read() as connection:
                due = read_backlog(connection, room.clock()).due_count
            most = max(most, due)
            see(most - due, most)
        return True

    return go_on


def _stop_on_signals(
    stop: threading.Event | None = None, wake: Callable[[], None] | None = None
) -> threading.Event:
    """Return an event that SIGTERM and Ctrl-C set: the window at hand is finished first."""
    event = stop or threading.Event()

    def halt(*_: object) -> None:
        event.set()
        if wake is not None:
            wake()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, halt)
    return event


def _begin(settings: Settings) -> None:
    """Lay out the logs as the settings say: stdout is the console backend's."""
    lay_out_logs(settings.log_format, settings.log_level)


def _add_first_admin(room: Installation) -> None:
    settings = room.settings
    added = add_first_admin(
        room.desk.database,
        settings.admin_email,
        settings.admin_password.get_secret_value(),
        now=room.clock(),
    )
    if added:
        _log.info("the first admin was added: she should change her password at /operate/account")


def _announce(settings: Settings, text: str) -> None:
    """Say where it serves, in the layout of its logs: a machine reads each line of stderr."""
    if settings.log_format is LogFormat.JSON:
        _log.info(text)
    else:
        note(text)
