"""The tables of outgoing webhooks: who is told of what, and the outbox."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, text

from mailer.core.webhooks import MessageState
from mailer.store.columns import Instant, Json
from mailer.store.tables import Id, metadata

_QUEUED = text(f"state = '{MessageState.QUEUED}'")

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("old_secret", Text, nullable=False, server_default=""),
    Column("old_secret_until_at", Instant),
    Column("created_at", Instant, nullable=False),
    # Since when every try failed; null while it works.
    Column("failing_since_at", Instant),
    Column("rests_until_at", Instant),
    Column("disabled_at", Instant),
    Column("disabled_reason", Text, nullable=False, server_default=""),
    Column("removed_at", Instant),
)

webhook_kinds = Table(
    "webhook_kinds",
    metadata,
    Column("webhook_id", Id, ForeignKey("webhooks.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Index(None, "kind"),
)

# The outbox: a row is written with the fact itself, for each address that wants to know.
webhook_messages = Table(
    "webhook_messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("webhook_id", Id, ForeignKey("webhooks.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", Json, nullable=False),
    # Whose data it is, if a reader's: it goes when she is erased.
    Column("reader_id", Id, ForeignKey("readers.id")),
    Column("state", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    # Also the lease: who takes it moves it on, and whoever dies leaves it due again.
    Column("due_at", Instant, nullable=False),
    Column("attempt_count", Integer, nullable=False, server_default=text("0")),
    Column("tried_at", Instant),
    Column("status", Integer),
    Column("answer", Text, nullable=False, server_default=""),
    Column("settled_at", Instant),
    Index(
        "ix_webhook_messages_due",
        "webhook_id",
        "due_at",
        sqlite_where=_QUEUED,
        postgresql_where=_QUEUED,
    ),
    Index(None, "webhook_id", "id"),
    Index(None, "reader_id"),
    Index(None, "settled_at"),
)
