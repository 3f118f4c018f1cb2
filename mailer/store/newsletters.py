"""Newsletters: adding, changing, finding."""

from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from mailer.core.readers import Cadence, Newsletter, ReaderState
from mailer.errors import NotFoundError
from mailer.store.tables import follows, newsletters, readers, subscriptions


def save_newsletter(connection: Connection, newsletter: Newsletter) -> int:
    """Add the newsletter, or change the one with its slug; returns its id."""
    values = {
        "name": newsletter.name,
        "description": newsletter.description,
        "sender_name": newsletter.sender_name,
        "sender_address": newsletter.sender_address,
        "reply_to": newsletter.reply_to,
        "template": newsletter.template,
        "locales": list(newsletter.locales),
        "cadences": [cadence.value for cadence in newsletter.cadences],
        "base_expression": newsletter.base_expression,
        "timezone": newsletter.timezone,
    }
    there = connection.scalar(select(newsletters.c.id).where(newsletters.c.slug == newsletter.slug))
    if there is None:
        added: int = connection.execute(
            insert(newsletters).values(slug=newsletter.slug, **values).returning(newsletters.c.id)
        ).scalar_one()
        return added
    connection.execute(update(newsletters).where(newsletters.c.id == there).values(values))
    return int(there)


def find_newsletter(connection: Connection, slug: str) -> Newsletter:
    """Return a newsletter; raises NotFoundError that names those there are."""
    row = connection.execute(select(newsletters).where(newsletters.c.slug == slug)).one_or_none()
    if row is None:
        known = ", ".join(item.slug for item in list_newsletters(connection))
        mend = f"there are: {known}" if known else "there are none yet: 'mailer newsletters add'"
        raise NotFoundError(f"unknown newsletter '{slug}': {mend}")
    return _newsletter(row)


def list_newsletters(connection: Connection) -> list[Newsletter]:
    """Return all newsletters by slug."""
    rows = connection.execute(select(newsletters).order_by(newsletters.c.slug))
    return [_newsletter(row) for row in rows]


def newsletters_by_id(connection: Connection) -> dict[int, Newsletter]:
    """Return all newsletters by id."""
    return {newsletter.id: newsletter for newsletter in list_newsletters(connection)}


def subscriber_counts(connection: Connection) -> dict[int, int]:
    """Return how many confirmed readers each newsletter has, by its id; none are left out."""
    rows = connection.execute(
        select(subscriptions.c.newsletter_id, func.count())
        .select_from(subscriptions.join(readers))
        .where(subscriptions.c.ended_at.is_(None), readers.c.state == ReaderState.CONFIRMED.value)
        .group_by(subscriptions.c.newsletter_id)
    )
    return {row[0]: row[1] for row in rows}


def some_follower(connection: Connection, newsletter_id: int) -> tuple[str, Cadence] | None:
    """Return the address and a cadence of the first reader who follows something of it."""
    row = connection.execute(
        select(readers.c.email, follows.c.cadence)
        .select_from(follows.join(subscriptions).join(readers))
        .where(
            subscriptions.c.newsletter_id == newsletter_id,
            subscriptions.c.ended_at.is_(None),
            follows.c.ended_at.is_(None),
            follows.c.cadence != Cadence.INSTANT.value,
            readers.c.state == ReaderState.CONFIRMED.value,
        )
        .order_by(follows.c.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.email, Cadence(row.cadence))


def _newsletter(row: Row[Any]) -> Newsletter:
    return Newsletter(
        id=row.id,
        slug=row.slug,
        name=row.name,
        description=row.description,
        sender_name=row.sender_name,
        sender_address=row.sender_address,
        reply_to=row.reply_to,
        template=row.template,
        locales=tuple(row.locales),
        cadences=tuple(Cadence(cadence) for cadence in row.cadences),
        base_expression=row.base_expression,
        timezone=row.timezone,
    )
