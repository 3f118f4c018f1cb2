"""Many readers at once: who is there, who may not be written to, adding and changing them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.clocks import quiet_text
from mailer.core.readers import Reader, ReaderState, Wanted
from mailer.store.bulk import among, insert_rows, reserve_ids
from mailer.store.reader_records import HASHED, recall_suppression
from mailer.store.readers import reader_of
from mailer.store.tables import follows, newsletters, readers, subscriptions, suppressions


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody agreed to elsewhere, where, and when; None when she has not yet."""

    words: str
    source: str
    given_at: datetime | None


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A reader's newest subscription to a newsletter, with what she follows in it now."""

    id: int
    ended_at: datetime | None
    follows: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class NewFollow:
    """A follow to write: of a subscription there is, or of a new one to a newsletter."""

    reader_id: int
    newsletter_id: int
    newsletter: str
    subscription_id: int | None
    wanted: Wanted
    canonical: str
    cursor_at: datetime


def readers_by_key(connection: Connection, keys: Sequence[str]) -> dict[str, Reader]:
    """Return the readers of these addresses by their key; others are missing."""
    found: dict[str, Reader] = {}
    for condition in among(connection, readers.c.email_key, keys):
        for row in connection.execute(select(readers).where(condition)):
            found[row.email_key] = reader_of(row)
    return found


def suppressed_among(
    connection: Connection, hashes: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, datetime]]:
    """Return which of these addresses must get nothing: why, and since when.

    `hashes` are the keyed hashes of each address: one that was erased stays suppressed under them.
    """
    key_of = {f"{HASHED}{each}": key for key, hashed in hashes.items() for each in hashed}
    key_of |= {key: key for key in hashes}
    found: dict[str, tuple[str, datetime]] = {}
    for condition in among(connection, suppressions.c.email_key, list(key_of)):
        rows = connection.execute(
            select(suppressions).where(condition, suppressions.c.ended_at.is_(None))
        )
        found.update((key_of[row.email_key], (row.reason, row.started_at)) for row in rows)
    return found


def recall_suppressions(connection: Connection, hashes: Mapping[str, Sequence[str]]) -> None:
    """Let suppressions of these addresses count by their names again: somebody named them."""
    for key, hashed in hashes.items():
        recall_suppression(connection, key, hashed)


def subscribed_among(
    connection: Connection, reader_ids: Sequence[int]
) -> dict[int, dict[str, Subscribed]]:
    """Return, by reader, the newest subscription to each newsletter, by its slug."""
    found: dict[int, dict[str, Subscribed]] = {}
    for condition in among(connection, subscriptions.c.reader_id, reader_ids):
        rows = connection.execute(
            select(subscriptions, newsletters.c.slug, follows.c.canonical, follows.c.cadence)
            .join_from(subscriptions, newsletters)
            .outerjoin(
                follows,
                and_(follows.c.subscription_id == subscriptions.c.id, follows.c.ended_at.is_(None)),
            )
            .where(condition)
            .order_by(subscriptions.c.id)
        )
        for row in rows:
            hers = found.setdefault(row.reader_id, {})
            before = hers.get(row.slug)
            has = before.follows if before is not None and before.id == row.id else frozenset()
            if row.canonical is not None:
                has |= {(row.canonical, row.cadence)}
            hers[row.slug] = Subscribed(row.id, row.ended_at, has)
    return found


def add_readers(
    connection: Connection, new: Sequence[tuple[Reader, Consent]], now: datetime
) -> dict[str, int]:
    """Add readers and return their ids by key; one whom somebody else adds meanwhile is missing."""
    if not new:
        return {}
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    rows = connection.execute(
        plain(readers)
        .on_conflict_do_nothing(index_elements=[readers.c.email_key])
        .returning(readers.c.id, readers.c.email_key),
        [
            {
                "email": reader.email,
                "email_key": reader.email_key,
                "created_at": now,
                **_settings(reader),
                "confirmed_at": now if reader.state is ReaderState.CONFIRMED else None,
                **_agreed(consent),
            }
            for reader, consent in new
        ],
    )
    return {row.email_key: row.id for row in rows}


def change_readers(
    connection: Connection, changed: Sequence[tuple[Reader, Consent | None]], now: datetime
) -> None:
    """Write readers' settings; with a consent also that they are confirmed by it, from now on."""
    settings = [{"_id": reader.id, **_settings(reader)} for reader, _ in changed]
    if settings:
        connection.execute(update(readers).where(readers.c.id == bindparam("_id")), settings)
    confirmed = [{"_id": r.id, **_agreed(consent)} for r, consent in changed if consent is not None]
    if confirmed:
        connection.execute(
            update(readers)
            .where(readers.c.id == bindparam("_id"))
            .values(confirmed_at=func.coalesce(readers.c.confirmed_at, bindparam("_at"))),
            [{**row, "_at": now} for row in confirmed],
        )


def add_follows(
    connection: Connection,
    new: Sequence[NewFollow],
    consent_of: Mapping[int, Consent],
    now: datetime,
) -> None:
    """Add follows, and the subscriptions they need."""
    places = list(
        dict.fromkeys((f.reader_id, f.newsletter_id) for f in new if f.subscription_id is None)
    )
    ids = dict(zip(places, reserve_ids(connection, subscriptions, len(places)), strict=True))
    of = subscriptions.c
    insert_rows(
        connection,
        [of.id, of.reader_id, of.newsletter_id, of.started_at, of.source, of.consent],
        [
            (ids[place], *place, now, consent_of[place[0]].source, consent_of[place[0]].words)
            for place in places
        ],
    )
    to = follows.c
    insert_rows(
        connection,
        [
            to.subscription_id,
            to.expression,
            to.canonical,
            to.cadence,
            to.started_at,
            to.cursor_at,
            to.source,
        ],
        [
            (
                f.subscription_id or ids[f.reader_id, f.newsletter_id],
                f.wanted.expression,
                f.canonical,
                f.wanted.cadence.value,
                now,
                f.cursor_at,
                consent_of[f.reader_id].source,
            )
            for f in new
        ],
    )


def _settings(reader: Reader) -> dict[str, object]:
    return {
        "name": reader.name,
        "state": reader.state.value,
        "locale": reader.locale,
        "timezone": reader.timezone,
        "hour": reader.hour,
        "format": reader.format.value,
        "quiet": quiet_text(reader.quiet),
        "paused_until_at": reader.paused_until_at,
    }


def _agreed(consent: Consent) -> dict[str, object]:
    return {
        "consent": consent.words,
        "consent_source": consent.source,
        "consented_at": consent.given_at,
    }
