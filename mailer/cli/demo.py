"""`mailer demo`: the main job on the seeds, in one process, without any service."""

import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from mailer.bootstrap import (
    Installation,
    open_installation,
    packaged_seeds,
    utc_now,
    with_database,
)
from mailer.cli.deliveries import print_deliveries
from mailer.cli.output import headline, say
from mailer.cli.runs import count_words
from mailer.cli.sending import work_run
from mailer.core.addresses import read_address
from mailer.core.deliveries import DeliveryState
from mailer.core.digests import Why
from mailer.core.readers import Cadence, ReaderState
from mailer.core.runs import Run
from mailer.delivery.registry import open_backend
from mailer.errors import InputError
from mailer.flows.draft_plan import draft_plan
from mailer.flows.load_seeds import load_seeds
from mailer.flows.open_run import open_run
from mailer.flows.preview_mail import rebuild_mail
from mailer.ports import BackendOptions, Message
from mailer.render.terminal import draw_html
from mailer.settings import read_settings
from mailer.store.ledger_reading import DeliveryRow, list_deliveries
from mailer.store.readers import list_readers

NEWSLETTER = "asia-daily"
SHOWPIECE = "mina.park@example.org"


def demo(
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Keep everything here; else a fresh folder.")
    ] = None,
) -> None:
    """See it work: seed a newsroom, send its daily digest and an alert, show what came of it."""
    folder = _prepare(folder)
    settings = with_database(read_settings(), folder / "mailer.db").model_copy(
        update={
            "backend": "memory",
            "site_name": "The Meridian Desk",
            "postal_address": "The Meridian Desk, 12 Harbour Road, Example City",
        }
    )
    clock = _SeedClock()
    room = open_installation(settings, clock=clock)
    try:
        seeded = load_seeds(room.desk.database, packaged_seeds())
        clock.start_at(seeded.as_of)
        headline("The newsroom")
        say(
            f"{seeded.story_count} stories under {seeded.tag_count} tags, "
            f"{seeded.newsletter_count} newsletters, {seeded.reader_count} readers. "
            f"It is {seeded.as_of:%A %d %B %Y, %H:%M} in Seoul."
        )
        skipped = _skipped(room, seeded.as_of)
        digest = _run(room, Cadence.DAILY, seeded.as_of)
        alert = _run(room, Cadence.INSTANT, seeded.as_of)
        with room.desk.database.read() as connection:
            rows = [
                *list_deliveries(connection, run_id=digest.id),
                *list_deliveries(connection, run_id=alert.id),
            ]
        _write_files(room, rows, folder)
        _show_mail(room, rows)
        headline("All deliveries")
        print_deliveries(rows, "nothing was sent")
        headline("Who got nothing, and why")
        for line in skipped:
            say(line)
        _say_next(room, folder=folder, digest=digest, alert=alert, rows=rows, as_of=seeded.as_of)
    finally:
        room.close()


class _SeedClock:
    """The seeds play on a day of their own: this clock starts there and runs on."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def start_at(self, moment: datetime) -> None:
        self._offset = moment - self._wall()

    def __call__(self) -> datetime:
        return self._wall() + self._offset

    @staticmethod
    def _wall() -> datetime:
        return utc_now()


def _prepare(folder: Path | None) -> Path:
    try:
        if folder is None:
            return Path(tempfile.mkdtemp(prefix="mailer-demo-"))
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder '{folder}': {error.strerror}") from error
    return folder.resolve()


def _run(room: Installation, cadence: Cadence, as_of: datetime) -> Run:
    headline(f"{NEWSLETTER}, {cadence}")
    opened = open_run(room.desk.database, NEWSLETTER, cadence, as_of=as_of, now=room.clock())
    run = work_run(room, opened.run_id, progress=False)
    say(f"Run {run.id} planned {run.planned_count} mails as Celery tasks: {count_words(run)}.")
    if not opened.created:
        say("It had run before in this folder: nothing went out twice.")
    return run


def _skipped(room: Installation, as_of: datetime) -> list[str]:
    """Say, before anything is sent, who will get no daily digest."""
    plan = draft_plan(room.desk, NEWSLETTER, Cadence.DAILY, as_of=as_of)
    lines = []
    for mail in plan.silent:
        muted = [o.detail for o in mail.composition.omissions if o.why is Why.MUTED]
        why = f"all that matched is muted ({', '.join(sorted(set(muted)))})" if muted else ""
        given = any(o.why is Why.GIVEN for o in mail.composition.omissions)
        lines.append(
            f"  {mail.follower.reader.email}: "
            + (why or ("has it all already" if given else "nothing new matched"))
        )
    with room.desk.database.read() as connection:
        for reader in list_readers(connection):
            if reader.state is not ReaderState.CONFIRMED:
                lines.append(f"  {reader.email}: {reader.state}, has not confirmed")
            elif reader.is_paused(as_of) and reader.paused_until_at:
                lines.append(f"  {reader.email}: paused until {reader.paused_until_at:%d %B}")
    for mail in plan.mails:
        lines.extend(
            f"  {mail.follower.reader.email}: without {omission.uid}, has muted {omission.detail}"
            for omission in mail.composition.omissions
            if omission.why is Why.MUTED
        )
    return lines


def _write_files(room: Installation, rows: list[DeliveryRow], folder: Path) -> None:
    mails = folder / "mails"
    mails.mkdir(exist_ok=True)
    for row in rows:
        rebuilt = rebuild_mail(room.desk, row.id)
        local = "".join(c if c.isalnum() or c in "@.+-" else "_" for c in row.email)
        stem = f"{row.id:03d}-{row.cadence or row.what}-{local}"
        (mails / f"{stem}.eml").write_bytes(rebuilt.content)
        if rebuilt.mail.html:
            (mails / f"{stem}.html").write_text(rebuilt.mail.html, encoding="utf-8")


def _show_mail(room: Installation, rows: list[DeliveryRow]) -> None:
    """Print one whole digest as the console backend does."""
    shown = next((row for row in rows if row.email == SHOWPIECE), None)
    if shown is None:
        return
    headline(f"One digest whole: {SHOWPIECE}")
    rebuilt = rebuild_mail(room.desk, shown.id)
    console = open_backend(
        "console",
        BackendOptions(
            stream=sys.stdout, draw_html=lambda html, width: draw_html(html, width=width)
        ),
    )
    message = Message(
        delivery_id=shown.id,
        sender=rebuilt.sender,
        recipient=read_address(shown.email).wire,
        message_id=shown.message_id,
        content=rebuilt.content,
    )
    list(console.send([message]))
    console.close()


def _say_next(
    room: Installation,
    *,
    folder: Path,
    digest: Run,
    alert: Run,
    rows: list[DeliveryRow],
    as_of: datetime,
) -> None:
    accepted = sum(row.state is DeliveryState.ACCEPTED for row in rows)
    again = open_run(room.desk.database, NEWSLETTER, Cadence.DAILY, as_of=as_of, now=room.clock())
    headline("Afterwards")
    say(
        f"{accepted} mails accepted; plan hash {digest.plan_hash}. The same slot again is run "
        f"{again.run_id} again: it sends nothing twice."
    )
    story = next((item.uid for row in rows if row.email == SHOWPIECE for item in row.items), "UID")
    url = f"MAILER_DATABASE_URL=sqlite:///{folder / 'mailer.db'}"
    say(f"\nOne .eml and .html per mail: {folder / 'mails'}")
    say(f"The database:                {folder / 'mailer.db'}")
    say("\nTry next:")
    say(f"  export {url}")
    # As the person at this prompt would have to type it.
    prefix = ".venv/bin/mailer" if Path(sys.argv[0]).parent == Path(".venv/bin") else "mailer"
    say(f"  {prefix} explain {SHOWPIECE} {story}")
    say(f"  {prefix} deliveries list --run {alert.id}")
    say(f"  {prefix} expression check 'asia & !sport' --as-of {as_of.isoformat()}")
    say(f"  {prefix} plan {NEWSLETTER} weekly --as-of {as_of.isoformat()}")
    say(f"  {prefix} stories import FEED.xml --tag trade")
