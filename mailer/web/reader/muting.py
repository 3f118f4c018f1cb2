"""Muting: "no more like this", from a story in a mail."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from mailer.core.expressions import parse, tags_of
from mailer.core.readers import Reader, Wanted
from mailer.core.stories import Story
from mailer.core.tokens import Purpose
from mailer.errors import ExpressionError, NotFoundError
from mailer.flows.leave_mails import Left, Step, leave_mails
from mailer.flows.outlook import Newsroom
from mailer.render.follow_words import FollowWords
from mailer.store.leaving import find_reader_by_id
from mailer.store.preferences import FollowRecord, follows_of, mutes_of
from mailer.store.stories import stories_by_id
from mailer.web.reader.leaving import undo_token
from mailer.web.reader.suggestions import Suggestion
from mailer.web.visits import Area, Posted, Visit, Visiting, newsroom_of

router = Area()
_MOST_TOGETHER = 3


@dataclass(frozen=True, slots=True)
class _Occasion:
    """The story she had enough of, the follow that brought it, and what may be muted."""

    reader: Reader
    follow: FollowRecord
    story: Story
    offers: tuple[Suggestion, ...]
    muted: frozenset[str]


@router.get("/mute/{token}")
def ask(visit: Visiting, token: str) -> Response:
    """Show what can be muted; nothing is changed (S6)."""
    return _page(visit, _read(visit, token))


@router.post("/mute/{token}")
def mute(visit: Visiting, token: str, posted: Posted) -> Response:
    """Mute one of the offers, or stop the follow."""
    occasion = _read(visit, token)
    step, _, subject = posted["step"].partition(":")
    offered = {offer.expression for offer in occasion.offers}
    if step == Step.MUTE and subject in offered:
        chosen, what = Step.MUTE, subject
    elif step == Step.FOLLOW:
        chosen, what = Step.FOLLOW, str(occasion.follow.id)
    else:
        raise HTTPException(422)
    left = leave_mails(
        visit.room.desk.database,
        occasion.follow.subscription_id,
        chosen,
        subject=what,
        now=visit.now,
        source="mute link",
    )
    said = next((offer.words for offer in occasion.offers if offer.expression == what), "")
    return _page(visit, _read(visit, token), left, said)


def _read(visit: Visit, token: str) -> _Occasion:
    parts = visit.read_token(Purpose.MUTE, token)
    try:
        reader_id, follow_id, story_id = (int(part) for part in parts)
    except ValueError as error:
        raise HTTPException(404) from error
    newsroom = newsroom_of(visit)
    with visit.room.desk.database.read() as connection:
        try:
            reader = find_reader_by_id(connection, reader_id)
        except NotFoundError as error:
            raise HTTPException(404) from error
        follow = next((f for f in follows_of(connection, reader_id) if f.id == follow_id), None)
        story = stories_by_id(connection, [story_id]).get(story_id)
        muted = {m.canonical for m in mutes_of(connection, reader_id) if m.ended_at is None}
    if follow is None or story is None:
        raise HTTPException(404)
    words = FollowWords(newsroom.vocabulary, visit.speaking(reader.locale).speech.language)
    followed = _followed(follow.expression, newsroom)
    # What she follows herself comes last: muting that would silence the follow.
    tags = sorted((t for t in story.tags if t in newsroom.vocabulary), key=followed.__contains__)
    offers = [Suggestion(tag, words.label(tag)) for tag in tags]
    together = tags[:_MOST_TOGETHER]
    if len(together) > 1:
        expression = " & ".join(together)
        offers.append(Suggestion(expression, words.topic(expression)))
    return _Occasion(reader, follow, story, tuple(offers), frozenset(muted))


def _followed(expression: str, newsroom: Newsroom) -> frozenset[str]:
    try:
        return tags_of(parse(expression, newsroom.vocabulary))
    except ExpressionError:
        return frozenset()


def _page(visit: Visit, occasion: _Occasion, left: Left | None = None, muted: str = "") -> Response:
    visit = visit.speaking(occasion.reader.locale)
    words = FollowWords(newsroom_of(visit).vocabulary, visit.speech.language)
    follow = occasion.follow
    undo = left.change_id if left else None
    return visit.page(
        "mute.html",
        story=occasion.story,
        offers=[o for o in occasion.offers if o.expression not in occasion.muted],
        already=[o.words for o in occasion.offers if o.expression in occasion.muted],
        follow=words.follow(Wanted(follow.expression, follow.cadence)),
        is_followed=follow.ended_at is None,
        left=left,
        muted=muted,
        undo=undo_token(visit, undo, occasion.reader.id) if undo else "",
    )
