"""Leaving: one click (RFC 8058), the steps down, and the way back."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from mailer.core.readers import Cadence, Newsletter, Reader, Wanted
from mailer.core.tokens import Purpose
from mailer.errors import NotFoundError
from mailer.flows.leave_mails import Left, Step, leave_mails
from mailer.flows.undo_change import UNDO_LIFE, undo_change
from mailer.render.follow_words import FollowWords
from mailer.store.leaving import find_reader_by_id, find_subscription, subscriptions_of
from mailer.store.newsletters import newsletters_by_id
from mailer.store.preferences import follows_of
from mailer.store.reader_changes import changes_of
from mailer.web.reader.suggestions import Suggestion, tags_to_mute
from mailer.web.visits import Area, Posted, Visit, Visiting, newsroom_of

router = Area()
_ENDS = ("unsubscribed", "unsubscribed from everything")


@dataclass(frozen=True, slots=True)
class Ladder:
    """What the page offers. The address is shown in part: old mails travel."""

    newsletter: Newsletter
    is_subscribed: bool
    is_elsewhere: bool
    is_paused: bool
    follows: tuple[tuple[int, str], ...]
    tags: tuple[Suggestion, ...]
    offers_weekly: bool


@router.get("/unsubscribe/{token}")
def ask(visit: Visiting, token: str) -> Response:
    """Show the steps; nothing is changed, whoever follows the link (S6)."""
    return _page(visit, _subscription_id(visit, token), token)


@router.post("/unsubscribe/{token}")
def leave(visit: Visiting, token: str, posted: Posted) -> Response:
    """Take a step; a mail client's one click, or a form without one, ends the newsletter."""
    subscription_id = _subscription_id(visit, token)
    is_one_click = posted["List-Unsubscribe"].casefold() == "one-click"
    step, _, subject = posted["step"].partition(":")
    try:
        chosen = Step(step) if step and not is_one_click else Step.NEWSLETTER
    except ValueError as error:
        raise HTTPException(422) from error
    left = leave_mails(
        visit.room.desk.database,
        subscription_id,
        chosen,
        subject=subject,
        now=visit.now,
        source="one-click" if is_one_click else "unsubscribe page",
    )
    return _page(visit, subscription_id, token, left)


@router.post("/undo/{token}")
def undo(visit: Visiting, token: str) -> Response:
    """Go back to before a change."""
    change_id, reader_id = visit.read_token(Purpose.UNDO, token, lifetime=UNDO_LIFE)
    try:
        undo_change(
            visit.room.desk.database,
            int(change_id),
            int(reader_id),
            now=visit.now,
            source="undo",
        )
    except NotFoundError as error:
        raise HTTPException(404) from error
    with visit.room.desk.database.read() as connection:
        reader = find_reader_by_id(connection, int(reader_id))
    return visit.speaking(reader.locale).page("undone.html")


def undo_token(visit: Visit, change_id: int, reader_id: int) -> str:
    """Return a token that undoes this change."""
    return visit.signer.sign_at(Purpose.UNDO, visit.now, change_id, reader_id)


def masked(email: str) -> str:
    """Return an address as a page shows it that an old mail leads to: a…@example.org."""
    local, _, host = email.rpartition("@")
    return f"{local[:1]}…@{host}" if local else "…"


def _subscription_id(visit: Visit, token: str) -> int:
    parts = visit.read_token(Purpose.UNSUBSCRIBE, token)
    if not parts or not isinstance(parts[0], int):
        raise HTTPException(404)
    return parts[0]


def _page(visit: Visit, subscription_id: int, token: str, left: Left | None = None) -> Response:
    with visit.room.desk.database.read() as connection:
        try:
            subscription = find_subscription(connection, subscription_id)
        except NotFoundError as error:
            raise HTTPException(404) from error
        reader = find_reader_by_id(connection, subscription.reader_id)
        newsletter = newsletters_by_id(connection)[subscription.newsletter_id]
        current = [s for s in subscriptions_of(connection, reader.id) if s.ended_at is None]
        followed = [f for f in follows_of(connection, reader.id) if f.ended_at is None]
        changes = changes_of(connection, reader.id, 1)
    own = {s.id for s in current if s.newsletter_id == newsletter.id}
    followed = [follow for follow in followed if follow.subscription_id in own]
    visit = visit.speaking(reader.locale)
    newsroom = newsroom_of(visit)
    words = FollowWords(newsroom.vocabulary, visit.speech.language)
    ladder = Ladder(
        newsletter=newsletter,
        is_subscribed=bool(own),
        is_elsewhere=len(current) > len(own),
        is_paused=reader.is_paused(visit.now),
        follows=tuple((f.id, words.follow(Wanted(f.expression, f.cadence))) for f in followed),
        tags=tags_to_mute(newsroom, newsletter, tuple(f.expression for f in followed), words),
        offers_weekly=Cadence.WEEKLY in newsletter.cadences
        and any(f.cadence in (Cadence.INSTANT, Cadence.DAILY) for f in followed),
    )
    change_id = left.change_id if left else None
    last = changes[0] if changes else None
    if (
        change_id is None
        and last
        and last.what in _ENDS
        and visit.now - last.changed_at < UNDO_LIFE
    ):
        # Who pressed the button of her mail program comes here afterwards, from the same mail.
        change_id = last.id
    return visit.page(
        "unsubscribe.html",
        ladder=ladder,
        left=left,
        token=token,
        address=masked(reader.email) if reader.email else "",
        until=_until(visit, reader),
        undo=undo_token(visit, change_id, reader.id) if change_id else "",
    )


def _until(visit: Visit, reader: Reader) -> str:
    until = reader.paused_until_at
    return visit.speech.day(until.date()) if until and reader.is_paused(visit.now) else ""
