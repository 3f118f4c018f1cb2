"""The page of preferences as it stands for one reader."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from starlette.responses import Response

from mailer.core.readers import Cadence, Newsletter, Reader, Wanted
from mailer.errors import ExpressionError
from mailer.flows.find_quiet_follows import LONG, find_quiet_follows
from mailer.flows.outlook import Newsroom
from mailer.render.follow_words import FollowWords
from mailer.render.speech import languages_spoken
from mailer.store.leaving import find_reader_by_id, subscriptions_of
from mailer.store.newsletters import newsletters_by_id
from mailer.store.preferences import FollowRecord, MuteRecord, follows_of, mutes_of
from mailer.store.reader_changes import changes_of
from mailer.web.reader.outlooks import say_rate
from mailer.web.reader.zones import zone_options
from mailer.web.visits import Visit, newsroom_of

_SHOWN_CHANGES = 10


@dataclass(frozen=True, slots=True)
class FollowCard:
    """One follow. `is_dead`: a tag of it is gone, it matches nothing; `rate` is its outlook.

    `quiet_days` is for how long at least no story has matched it, 0 when one has.
    """

    id: int
    title: str
    expression: str
    cadence: Cadence
    cadence_words: str
    rate: str
    is_dead: bool
    quiet_days: int


@dataclass(frozen=True, slots=True)
class NewsletterCard:
    """One subscription with its follows."""

    id: int
    newsletter: Newsletter
    since: str
    consent: str
    cadences: tuple[tuple[Cadence, str], ...]
    follows: tuple[FollowCard, ...]


@dataclass(frozen=True, slots=True)
class MuteCard:
    """One mute."""

    id: int
    title: str


def draw_preferences(
    visit: Visit,
    reader: Reader,
    token: str,
    *,
    status: int = 200,
    done: str = "",
    undo: str = "",
    error: str = "",
    picture: str = "",
) -> Response:
    """Draw the page in the reader's language; `done` is a word of the last action."""
    with visit.room.desk.database.read() as connection:
        reader = find_reader_by_id(connection, reader.id)
        subscriptions = [s for s in subscriptions_of(connection, reader.id) if s.ended_at is None]
        newsletters = newsletters_by_id(connection)
        follows = [f for f in follows_of(connection, reader.id) if f.ended_at is None]
        mutes = [m for m in mutes_of(connection, reader.id) if m.ended_at is None]
        changes = changes_of(connection, reader.id, _SHOWN_CHANGES)
    quiet = find_quiet_follows(visit.room.desk.database, now=visit.now, reader_id=reader.id)
    visit = visit.speaking(reader.locale)
    cards = _Cards(visit, newsroom_of(visit), reader, {one.follow_id for one in quiet})
    speech = visit.speech
    until = reader.paused_until_at
    return visit.page(
        "preferences.html",
        status=status,
        token=token,
        reader=reader,
        cards=[
            NewsletterCard(
                id=s.id,
                newsletter=newsletters[s.newsletter_id],
                since=speech.day(s.started_at.date()),
                consent=s.consent,
                cadences=cards.cadences(newsletters[s.newsletter_id]),
                follows=tuple(
                    cards.follow(f, newsletters[s.newsletter_id])
                    for f in follows
                    if f.subscription_id == s.id
                ),
            )
            for s in subscriptions
        ],
        mutes=[cards.mute(m) for m in mutes],
        changes=[(speech.day(c.changed_at.date()), c.what, c.source) for c in changes],
        languages=languages_spoken(),
        zones=zone_options(reader.timezone),
        paused_until=speech.day(until.date()) if until and reader.is_paused(visit.now) else "",
        earliest=(visit.now + timedelta(days=1)).date().isoformat(),
        done=done,
        undo=undo,
        error=error,
        picture=picture,
    )


class _Cards:
    def __init__(
        self, visit: Visit, newsroom: Newsroom, reader: Reader, quiet: Collection[int]
    ) -> None:
        self._visit = visit
        self._quiet = quiet
        self._newsroom = newsroom
        self._reader = reader
        self._words = FollowWords(newsroom.vocabulary, visit.speech.language)

    def cadences(self, newsletter: Newsletter) -> tuple[tuple[Cadence, str], ...]:
        return tuple((each, self._words.cadence(each)) for each in newsletter.cadences)

    def follow(self, follow: FollowRecord, newsletter: Newsletter) -> FollowCard:
        title = self._words.topic(follow.expression)
        rate = ""
        if title:
            wanted = (Wanted(follow.expression, follow.cadence),)
            try:
                outlook = self._newsroom.outlook(newsletter, wanted, self._reader.timezone)
                rate = say_rate(self._visit, outlook)
            except ExpressionError:
                # The newsletter's own expression names a tag that is gone: an operator's matter.
                rate = ""
        return FollowCard(
            id=follow.id,
            title=title or follow.expression,
            expression=follow.expression,
            cadence=follow.cadence,
            cadence_words=self._words.cadence(follow.cadence),
            rate=rate,
            is_dead=not title,
            quiet_days=LONG.days if follow.id in self._quiet else 0,
        )

    def mute(self, mute: MuteRecord) -> MuteCard:
        return MuteCard(mute.id, self._words.topic(mute.expression) or mute.expression)
