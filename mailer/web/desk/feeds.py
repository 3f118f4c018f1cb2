"""Feeds: how each goes, add one, look at it now, pause it, remove it."""

from enum import StrEnum
from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from mailer.core.clocks import duration_text, read_duration
from mailer.errors import InputError, NotFoundError
from mailer.flows.poll_feeds import FeedPoller, Polled
from mailer.store.feeds import find_feed_by_id, list_feeds
from mailer.web.desk.shifts import Operates, Shift, Views
from mailer.web.visits import Area, Fields, Posted

router = Area(prefix="/operate/feeds")
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_EVERY = "15m"


class FeedStep(StrEnum):
    """What can be done to a feed."""

    POLL = "poll"
    PAUSE = "pause"
    RESUME = "resume"
    REMOVE = "remove"


@router.get("")
def show_all(shift: Views) -> Response:
    """List feeds with how the last look at each went."""
    return _page(shift, Fields([("every", _EVERY)]))


@router.post("")
def add(shift: Operates, posted: Posted) -> Response:
    """Add a feed: it is fetched at once, from public addresses only (S12)."""
    tags = tuple(label.strip() for label in posted["tags"].split(",") if label.strip())
    try:
        look = _poller(shift).add(
            posted["url"],
            tags=tags,
            every=read_duration(posted["every"] or _EVERY),
            actor=shift.operator.email,
        )
    except InputError as problem:
        return _page(shift, posted, error=str(problem), status=422)
    return shift.go("/operate/feeds", f"Added. {_told(look)}")


@router.post("/{feed_id}/{step}")
def act(shift: Operates, feed_id: AnId, step: FeedStep) -> Response:
    """Look at a feed now, pause, resume or remove it."""
    with shift.database.read() as connection:
        feed = find_feed_by_id(connection, feed_id)
    if feed is None:
        raise NotFoundError(f"no feed {feed_id}")
    poller, actor = _poller(shift), shift.operator.email
    match step:
        case FeedStep.POLL:
            looks = list(poller.poll_now(feed.url))
            done = _told(looks[0]) if looks else "Somebody else looks at it at this moment."
        case FeedStep.PAUSE:
            poller.pause(feed.url, actor=actor)
            done = f"Paused: {feed.url}"
        case FeedStep.RESUME:
            poller.resume(feed.url, actor=actor)
            done = f"Polled again: {feed.url}"
        case FeedStep.REMOVE:
            poller.remove(feed.url, actor=actor)
            done = f"Removed: {feed.url}; its stories stay"
    return shift.go("/operate/feeds", done)


def _poller(shift: Shift) -> FeedPoller:
    return FeedPoller(shift.database, shift.visit.room.clock)


def _page(shift: Shift, fields: Fields, *, error: str = "", status: int = 200) -> Response:
    with shift.database.read() as connection:
        found = list_feeds(connection)
    return shift.page(
        "feeds.html",
        status=status,
        feeds=[(feed, duration_text(feed.every)) for feed in found],
        fields=fields,
        error=error,
    )


def _told(look: Polled) -> str:
    if look.error:
        return f"It could not be read: {look.error}"
    if look.report is None:
        return "Nothing has changed."
    report = look.report
    return (
        f"{report.new_count} stories are new, {report.updated_count} updated, "
        f"{report.unchanged_count} unchanged, {len(report.rejections)} rejected."
    )
