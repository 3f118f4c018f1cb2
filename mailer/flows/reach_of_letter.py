"""Who would get a letter, asked before it is sent: nothing is written."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mailer.core.adhoc_letters import LetterText
from mailer.core.audiences import Audience
from mailer.core.readers import OF_FOLLOWS, Cadence, Follower, Newsletter
from mailer.flows.plan_letter import whom_to_ask
from mailer.store.database import Database
from mailer.store.followers import read_followers
from mailer.store.newsletters import find_newsletter
from mailer.store.suppressions import suppressed_keys
from mailer.store.tags import read_vocabulary

_BATCH = 2_000
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Reach:
    """How many would get it, of how many readers with follows; some of them by name.

    `by_cadence` counts readers by their most frequent follow; `suppressed_count` are those whom it
    is for and whose address must get nothing.
    """

    reader_count: int
    asked_count: int
    suppressed_count: int
    by_cadence: tuple[tuple[Cadence, int], ...]
    some: tuple[str, ...]


def reach_of_letter(
    database: Database, newsletter_slug: str, expression: str, *, as_of: datetime
) -> Reach:
    """Count the readers a letter to this expression is for, as a run would now.

    Raises NotFoundError for the newsletter, and ExpressionError.
    """
    with database.read() as connection:
        audience = Audience(expression, read_vocabulary(connection))
        newsletter = find_newsletter(connection, newsletter_slug)
        suppressed = suppressed_keys(connection)
    count = asked = kept_out = 0
    cadences: Counter[Cadence] = Counter()
    some: list[str] = []
    for follower in _askers(database, newsletter, as_of):
        asked += 1
        if not audience.has(follower):
            continue
        if follower.reader.email_key in suppressed:
            kept_out += 1
            continue
        count += 1
        cadences[min((f.cadence for f in follower.follows), key=OF_FOLLOWS.index)] += 1
        if len(some) < _SHOWN:
            some.append(follower.reader.email)
    by_cadence = tuple((each, cadences[each]) for each in OF_FOLLOWS if cadences[each])
    return Reach(count, asked, kept_out, by_cadence, tuple(some))


def reaches_anybody(database: Database, text: LetterText, *, as_of: datetime) -> bool:
    """Say whether a letter is for anybody, stopping at the first; raises as the count does."""
    with database.read() as connection:
        audience = Audience(text.expression, read_vocabulary(connection))
        newsletter = find_newsletter(connection, text.newsletter)
    return any(audience.has(follower) for follower in _askers(database, newsletter, as_of))


def _askers(database: Database, newsletter: Newsletter, as_of: datetime) -> Iterator[Follower]:
    asking = whom_to_ask(newsletter, as_of)
    after_id = 0
    while True:
        # Each batch in a transaction of its own: a million readers hold up nobody who writes.
        with database.read() as connection:
            followers = read_followers(connection, asking, after_reader_id=after_id, limit=_BATCH)
        yield from followers
        if len(followers) < _BATCH:
            return
        after_id = followers[-1].reader.id
