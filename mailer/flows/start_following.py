"""A reader follows a tag expression at a cadence."""

from dataclasses import dataclass
from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.cursors import first_cursor
from mailer.core.expressions import canonical, in_words, never_matches, parse
from mailer.core.readers import Cadence
from mailer.errors import ExpressionError, InputError
from mailer.store.database import Database
from mailer.store.newsletters import find_newsletter
from mailer.store.preferences import end_follow, ensure_subscription, follows_of, start_follow
from mailer.store.readers import find_reader, lock_reader
from mailer.store.tags import read_vocabulary

MOST_FOLLOWS = 100  # S25. Nobody reads more; each costs every run.


@dataclass(frozen=True, slots=True)
class Followed:
    """What the reader follows now; `change` is added, unchanged or cadence."""

    follow_id: int
    change: str
    canonical: str
    in_words: str


def start_following(
    database: Database,
    email: str,
    newsletter_slug: str,
    expression: str,
    cadence: Cadence,
    *,
    now: datetime,
    source: str,
    consent: str = "",
    cursor_at: datetime | None = None,
) -> Followed:
    """Add a follow, or change the cadence of the one with the same meaning.

    A changed cadence keeps the cursor: no story is repeated and none is lost (I2). Raises
    InputError for an unknown reader or newsletter, an expression that cannot be read or never
    matches, or a cadence the newsletter does not have.
    """
    with database.write() as connection:
        reader = find_reader(connection, read_address(email))
        newsletter = find_newsletter(connection, newsletter_slug)
        if cadence not in newsletter.cadences:
            allowed = ", ".join(newsletter.cadences)
            raise InputError(f"'{newsletter.slug}' has no {cadence} issue: it has {allowed}")
        vocabulary = read_vocabulary(connection)
        parsed = parse(expression, vocabulary)
        if never_matches(parsed, vocabulary):
            raise ExpressionError(
                "this never matches anything: it asks for a tag and excludes it",
                text=expression,
                position=0,
            )
        meaning = canonical(parsed)
        lock_reader(connection, reader.id)
        current = [
            follow
            for follow in follows_of(connection, reader.id)
            if follow.ended_at is None and follow.newsletter == newsletter.slug
        ]
        same = [follow for follow in current if follow.canonical == meaning]
        if any(follow.cadence is cadence for follow in same):
            there = next(follow for follow in same if follow.cadence is cadence)
            return Followed(there.id, "unchanged", meaning, in_words(parsed))
        if len(current) - len(same) >= MOST_FOLLOWS:
            raise InputError(
                f"{reader.email} has {len(current)} follows, the most there can be is "
                f"{MOST_FOLLOWS}: unfollow one first, or join some with |"
            )
        start = cursor_at or first_cursor(cadence, now)
        if same:
            start = min(follow.cursor_at for follow in same)
            for follow in same:
                end_follow(connection, follow.id, f"cadence changed to {cadence}", now)
        subscription_id = ensure_subscription(
            connection, reader.id, newsletter.id, source=source, consent=consent, now=now
        )
        follow_id = start_follow(
            connection,
            subscription_id,
            expression=expression.strip(),
            canonical=meaning,
            cadence=cadence,
            now=now,
            cursor_at=start,
            source=source,
        )
    return Followed(follow_id, "cadence" if same else "added", meaning, in_words(parsed))
