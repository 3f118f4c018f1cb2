"""Current follows by their meaning: how many readers have each."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select

from mailer.core.readers import Cadence, ReaderState
from mailer.store.tables import follows, readers, subscriptions

_CURRENT = and_(
    follows.c.ended_at.is_(None),
    subscriptions.c.ended_at.is_(None),
    readers.c.state == ReaderState.CONFIRMED.value,
)


@dataclass(frozen=True, slots=True)
class FollowGroup:
    """Confirmed readers of one newsletter who follow the same at the same cadence."""

    newsletter_id: int
    canonical: str
    cadence: Cadence
    reader_count: int


def group_follows(connection: Connection) -> list[FollowGroup]:
    """Return all groups of current follows."""
    key = (subscriptions.c.newsletter_id, follows.c.canonical, follows.c.cadence)
    rows = connection.execute(
        select(*key, func.count(readers.c.id.distinct()))
        .select_from(follows.join(subscriptions).join(readers))
        .where(_CURRENT)
        .group_by(*key)
    )
    return [
        FollowGroup(n, canonical, Cadence(cadence), count) for n, canonical, cadence, count in rows
    ]


def count_meanings(connection: Connection) -> list[tuple[str, int]]:
    """Return what current follows of confirmed readers mean, with how many mean it."""
    rows = connection.execute(
        select(follows.c.canonical, func.count().label("number"))
        .select_from(follows.join(subscriptions).join(readers))
        .where(_CURRENT)
        .group_by(follows.c.canonical)
    )
    return [(row.canonical, row.number) for row in rows]


def reader_count_of(connection: Connection, groups: Sequence[FollowGroup]) -> int:
    """Return how many different readers these groups hold."""
    found: set[int] = set()
    # SQLite nests at most 1,000 terms in an expression.
    for start in range(0, len(groups), 200):
        wanted = or_(
            *(
                and_(
                    subscriptions.c.newsletter_id == group.newsletter_id,
                    follows.c.canonical == group.canonical,
                    follows.c.cadence == group.cadence.value,
                )
                for group in groups[start : start + 200]
            )
        )
        found.update(
            connection.scalars(
                select(readers.c.id)
                .distinct()
                .select_from(follows.join(subscriptions).join(readers))
                .where(_CURRENT, wanted)
            )
        )
    return len(found)
