"""Add a follow within a transaction, or change the cadence of the one with the same meaning."""

from dataclasses import dataclass
from datetime import datetime

from mailer.core.cursors import first_cursor
from mailer.core.expressions import canonical, in_words, never_matches, parse
from mailer.core.readers import Cadence, Newsletter, Reader, Wanted
from mailer.core.tags import Vocabulary
from mailer.errors import ExpressionError, InputError
from mailer.store.database import Connection
from mailer.store.preferences import end_follow, ensure_subscription, follows_of, start_follow

MOST_FOLLOWS = 100  # S25. Nobody reads more; each costs every run.


@dataclass(frozen=True, slots=True)
class Followed:
    """What the reader follows now; `change` is added, unchanged or cadence."""

    follow_id: int
    change: str
    canonical: str
    in_words: str


def read_wanted(wanted: Wanted, newsletter: Newsletter, vocabulary: Vocabulary) -> tuple[str, str]:
    """Return a follow's canonical text and its words.

    Raises InputError for a cadence the newsletter does not have, ExpressionError for an expression
    that cannot be read or never matches.
    """
    if wanted.cadence not in newsletter.cadences:
        allowed = ", ".join(newsletter.cadences)
        raise InputError(f"'{newsletter.slug}' has no {wanted.cadence} issue: it has {allowed}")
    parsed = parse(wanted.expression, vocabulary)
    if never_matches(parsed, vocabulary):
        raise ExpressionError(
            "this never matches anything: it asks for a tag and excludes it",
            text=wanted.expression,
            position=0,
        )
    return canonical(parsed), in_words(parsed)


def keep_follow(
    connection: Connection,
    reader: Reader,
    newsletter: Newsletter,
    vocabulary: Vocabulary,
    wanted: Wanted,
    *,
    now: datetime,
    source: str,
    consent: str = "",
    cursor_at: datetime | None = None,
) -> Followed:
    """Add the follow; the caller holds the reader's row.

    A changed cadence keeps the cursor: no story is repeated and none is lost (I2). Raises
    InputError as `read_wanted` does, and for more follows than there can be.
    """
    cadence: Cadence = wanted.cadence
    meaning, words = read_wanted(wanted, newsletter, vocabulary)
    current = [
        follow
        for follow in follows_of(connection, reader.id)
        if follow.ended_at is None and follow.newsletter == newsletter.slug
    ]
    same = [follow for follow in current if follow.canonical == meaning]
    if any(follow.cadence is cadence for follow in same):
        there = next(follow for follow in same if follow.cadence is cadence)
        return Followed(there.id, "unchanged", meaning, words)
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
        expression=wanted.expression.strip(),
        canonical=meaning,
        cadence=cadence,
        now=now,
        cursor_at=start,
        source=source,
    )
    return Followed(follow_id, "cadence" if same else "added", meaning, words)
