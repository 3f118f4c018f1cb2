"""Facts told by webhooks: what of a row stands in an event, gathered where somebody listens."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from mailer.core.runs import RunState
from mailer.core.webhooks import EventKind
from mailer.store.bulk import among
from mailer.store.ledger_tables import deliveries, runs
from mailer.store.tables import newsletters, readers, stories, subscriptions
from mailer.store.webhook_outbox import Fact, tell, wants

ERASED = "erased"


def tell_subscribed(connection: Connection, subscription_id: int, now: datetime) -> None:
    """Tell that a reader's subscription began."""
    if not wants(connection, EventKind.READER_SUBSCRIBED):
        return
    row = connection.execute(_subscriptions([subscription_id])).one()
    data = {
        "reader": row.reader_id,
        "email": row.email,
        "newsletter": row.slug,
        "source": row.source,
    }
    tell(connection, EventKind.READER_SUBSCRIBED, [Fact(data, now, row.reader_id)])


def tell_unsubscribed(
    connection: Connection, subscription_ids: Collection[int], reason: str, now: datetime
) -> None:
    """Tell that subscriptions ended; of a reader who is erased only her number."""
    if not subscription_ids or not wants(connection, EventKind.READER_UNSUBSCRIBED):
        return
    is_erased = reason == ERASED
    facts = []
    for row in connection.execute(_subscriptions(subscription_ids)):
        data = {
            "reader": row.reader_id,
            "email": None if is_erased else row.email,
            "newsletter": row.slug,
            "reason": reason,
        }
        facts.append(Fact(data, now, None if is_erased else row.reader_id))
    tell(connection, EventKind.READER_UNSUBSCRIBED, facts)


def tell_refused(connection: Connection, delivery_ids: Collection[int], now: datetime) -> None:
    """Tell that a server refused mails for good."""
    if not delivery_ids or not wants(connection, EventKind.DELIVERY_REFUSED):
        return
    rows = connection.execute(
        select(deliveries).where(deliveries.c.id.in_(delivery_ids)).order_by(deliveries.c.id)
    )
    facts = []
    for row in rows:
        data = {
            "delivery": row.id,
            "run": row.run_id,
            "email": row.email,
            "message_id": row.message_id,
            "code": row.reply_code,
            "reply": row.reply,
        }
        facts.append(Fact(data, now, row.reader_id))
    tell(connection, EventKind.DELIVERY_REFUSED, facts)


def tell_bounced(
    connection: Connection,
    kind: EventKind,
    *,
    bounce_id: int,
    delivery_id: int | None,
    reader_id: int | None,
    email: str,
    bounce: str,
    status: str,
    action: str,
    now: datetime,
) -> None:
    """Tell that a mail came back, or that its reader complained; `bounce` is hard or soft."""
    data = {
        "bounce": bounce_id,
        "delivery": delivery_id,
        "email": email,
        "kind": bounce,
        "status": status,
        "action": action,
    }
    tell(connection, kind, [Fact(data, now, reader_id)])


def tell_run(connection: Connection, run_id: int, state: RunState, now: datetime) -> None:
    """Tell that a run has ended, or was paused; of other states nothing."""
    kind = {
        RunState.DONE: EventKind.RUN_FINISHED,
        RunState.PAUSED: EventKind.RUN_PAUSED,
    }.get(state)
    if kind is None or not wants(connection, kind):
        return
    row = connection.execute(
        select(runs, newsletters.c.slug).join(newsletters).where(runs.c.id == run_id)
    ).one()
    data = {
        "run": run_id,
        "newsletter": row.slug,
        "cadence": row.cadence,
        "as_of": row.as_of.isoformat(),
        "state": row.state,
        "reason": row.state_reason,
    }
    tell(connection, kind, [Fact(data, now)])


def tell_published(connection: Connection, published: Mapping[int, tuple[str, datetime]]) -> None:
    """Tell of new stories, each once readers may have it: by id, title and moment of arrival."""
    if not published or not wants(connection, EventKind.STORY_PUBLISHED):
        return
    facts = []
    for condition in among(connection, stories.c.id, list(published)):
        for row in connection.execute(select(stories).where(condition).order_by(stories.c.id)):
            title, at = published[row.id]
            data = {
                "story": row.id,
                "uid": row.uid,
                "title": title,
                "published_at": row.published_at.isoformat(),
                "eligible_at": row.eligible_at.isoformat(),
            }
            facts.append(Fact(data, at, due_at=max(at, row.eligible_at)))
    tell(connection, EventKind.STORY_PUBLISHED, facts)


def tell_amended(
    connection: Connection, uid: str, revision: int, note: str, now: datetime, *, retracted: bool
) -> None:
    """Tell that a story was corrected or taken back; `revision` is the right one."""
    kind = EventKind.STORY_RETRACTED if retracted else EventKind.STORY_CORRECTED
    tell(connection, kind, [Fact({"uid": uid, "revision": revision, "note": note}, now)])


def eligible_from(connection: Connection, story_id: int) -> datetime | None:
    """Return from when readers may have a story, None when it is gone or retracted."""
    found: datetime | None = connection.scalar(
        select(stories.c.eligible_at).where(
            stories.c.id == story_id, stories.c.retracted_at.is_(None)
        )
    )
    return found


def _subscriptions(subscription_ids: Collection[int]) -> Select[Any]:
    return (
        select(
            subscriptions.c.id,
            subscriptions.c.reader_id,
            subscriptions.c.source,
            readers.c.email,
            newsletters.c.slug,
        )
        .join_from(subscriptions, readers)
        .join(newsletters)
        .where(subscriptions.c.id.in_(subscription_ids))
        .order_by(subscriptions.c.id)
    )
