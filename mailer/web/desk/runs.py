"""Runs: dry run, send now, steer; and the whole plan with its reasons."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from mailer.core.readers import OF_FOLLOWS, Cadence
from mailer.errors import InputError, RenderError
from mailer.flows.check_templates import check_templates
from mailer.flows.documents import plan_document
from mailer.flows.draft_plan import draft_plan
from mailer.flows.open_run import open_run
from mailer.flows.plan_differences import plan_differences
from mailer.flows.steer_run import Steer, steer_run
from mailer.store.editions import plain_reasons
from mailer.store.ledger_reading import list_deliveries
from mailer.store.newsletters import list_newsletters
from mailer.store.runs import find_run, latest_run, list_runs
from mailer.web.desk.shifts import Operates, Views
from mailer.web.visits import Area, Asked, Posted, bell_of

router = Area(prefix="/operate/runs")
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_MOST_SHOWN = 200
# Each run's mails are counted for its bar.
_A_PAGE = 20
# Composed in some seconds.
_MOST_ASKED = 5_000


@router.get("")
def show_all(shift: Views, asked: Asked) -> Response:
    """List runs, and offer a dry run."""
    with shift.database.read() as connection:
        runs = list_runs(
            connection,
            _A_PAGE,
            before_id=asked.row_id("before"),
        )
        newsletters = list_newsletters(connection)
    return shift.page(
        "runs.html", runs=runs, newsletters=newsletters, cadences=list(OF_FOLLOWS), a_page=_A_PAGE
    )


@router.get("/dry")
def dry_run(shift: Views, asked: Asked) -> Response:
    """Show who would get what and why, and how that differs from the last run."""
    slug, cadence = asked["newsletter"], read_cadence(asked["cadence"])
    try:
        drafted = draft_plan(
            shift.visit.room.desk, slug, cadence, as_of=shift.visit.now, most=_MOST_ASKED
        )
    except RenderError as error:
        raise InputError(str(error)) from error
    plan = plan_document(drafted)
    with shift.database.read() as connection:
        last = latest_run(connection, slug, cadence) if drafted.is_whole else None
        rows = (
            [] if last is None else list_deliveries(connection, run_id=last.id, limit=_MOST_ASKED)
        )
    before = {
        "plan_hash": last.plan_hash if last else "",
        "mails": [
            {
                "email": row.email,
                "items": [
                    {"uid": i.uid, "revision": i.revision, "shown": i.shown} for i in row.items
                ],
            }
            for row in rows
        ],
    }
    return shift.page(
        "dry_run.html",
        plan=plan,
        is_whole=drafted.is_whole,
        mails=plan["mails"][:_MOST_SHOWN],
        silent=plan["nothing_new"][:_MOST_SHOWN],
        most=_MOST_SHOWN,
        last=last,
        lines=plan_differences(before, plan)["lines"][:_MOST_SHOWN]
        if last and drafted.is_whole
        else [],
    )


@router.post("")
def send(shift: Operates, posted: Posted) -> Response:
    """Open a run now."""
    slug, cadence = posted["newsletter"], read_cadence(posted["cadence"])
    now = shift.visit.now
    try:
        check_templates(shift.visit.room.desk, slug, cadence)
    except RenderError as error:
        raise InputError(str(error)) from error
    opened = open_run(shift.database, slug, cadence, as_of=now, now=now)
    shift.record("run opened", f"run {opened.run_id}", f"{slug} {cadence}")
    bell = bell_of(shift.visit)
    if bell is not None:
        bell.ring_plan(opened.run_id)
    return shift.go(f"/operate/runs/{opened.run_id}", f"Run {opened.run_id} is opened")


@router.get("/{run_id}")
def show(shift: Views, run_id: AnId) -> Response:
    """Show one run with what can be done to it."""
    with shift.database.read() as connection:
        run = find_run(connection, run_id)
        rows = list_deliveries(connection, run_id=run_id, limit=_MOST_SHOWN)
        plain = plain_reasons(connection, run_id)
    return shift.page("run.html", run=run, rows=rows, most=_MOST_SHOWN, plain=plain)


@router.post("/{run_id}/{action}")
def steer(shift: Operates, run_id: AnId, action: Steer) -> Response:
    """Pause, resume, cancel, or retry what was refused."""
    desk = shift.visit.room.desk
    steer_run(
        desk.database,
        run_id,
        action,
        now=shift.visit.now,
        signer=desk.signer,
        throttle=desk.throttle,
        reason=f"by {shift.operator.email}",
    )
    shift.record(f"run {action}", f"run {run_id}")
    bell = bell_of(shift.visit)
    if bell is not None and action in (Steer.RESUME, Steer.RETRY):
        bell.ring_deliver(run_id)
    done = {"pause": "paused", "resume": "goes on", "cancel": "cancelled", "retry": "tries again"}
    return shift.go(f"/operate/runs/{run_id}", f"Run {run_id}: {done[action]}")


def read_cadence(text: str) -> Cadence:
    """Return the cadence of a form; raises InputError."""
    if text not in OF_FOLLOWS:
        raise InputError(f"unknown cadence '{text[:40]}'")
    return Cadence(text)
