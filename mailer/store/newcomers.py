"""Readers who come from another product: what they left there, and who is ours already."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from mailer.store.bulk import among
from mailer.store.tables import newsletters, readers, subscriptions


def subscribed_here(connection: Connection, keys: Sequence[str]) -> dict[str, datetime]:
    """Return which of these addresses are of readers with a subscription, and since when."""
    found: dict[str, datetime] = {}
    for condition in among(connection, readers.c.email_key, keys):
        rows = connection.execute(
            select(readers.c.email_key, subscriptions.c.started_at)
            .join_from(readers, subscriptions)
            .where(condition, subscriptions.c.ended_at.is_(None))
            .order_by(subscriptions.c.id)
        )
        for row in rows:
            found.setdefault(row.email_key, row.started_at)
    return found


def add_left(
    connection: Connection,
    left: Iterable[tuple[str, str]],
    *,
    source: str,
    reason: str,
    now: datetime,
) -> int:
    """Record that readers have left newsletters elsewhere, by (key, slug); returns how many.

    Who has or had a subscription of her own to it is left as she is.
    """
    wanted = list(left)
    keys = [key for key, _ in wanted]
    ids: dict[str, int] = {}
    had: set[tuple[int, int]] = set()
    for condition in among(connection, readers.c.email_key, keys):
        rows = connection.execute(
            select(readers.c.email_key, readers.c.id, subscriptions.c.newsletter_id)
            .join_from(readers, subscriptions, isouter=True)
            .where(condition)
        )
        for row in rows:
            ids[row.email_key] = row.id
            had.add((row.id, row.newsletter_id))
    by_slug = {row.slug: row.id for row in connection.execute(select(newsletters))}
    rows_to_add = [
        {
            "reader_id": ids[key],
            "newsletter_id": by_slug[slug],
            "started_at": now,
            "ended_at": now,
            "end_reason": reason,
            "source": source,
        }
        for key, slug in dict.fromkeys(wanted)
        if key in ids and slug in by_slug and (ids[key], by_slug[slug]) not in had
    ]
    if rows_to_add:
        connection.execute(insert(subscriptions), rows_to_add)
    return len(rows_to_add)
