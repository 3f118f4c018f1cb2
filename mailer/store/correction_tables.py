"""The table of corrections and retractions. Who got one stands in the ledger, as notices."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

from mailer.store.columns import Instant
from mailer.store.tables import Id, metadata

_OPEN = text("closed_at IS NULL")

story_corrections = Table(
    "story_corrections",
    metadata,
    Column("id", Id, primary_key=True),
    Column("story_id", Id, ForeignKey("stories.id"), nullable=False),
    Column(
        "kind",
        Text,
        CheckConstraint("kind IN ('correction', 'retraction')", name="known"),
        nullable=False,
    ),
    Column("note", Text, nullable=False),
    # Mails with this revision or an earlier one were wrong.
    Column("wrong_revision", Integer, nullable=False),
    Column("right_revision", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    # Set once no mail with a wrong revision can be on its way any more.
    Column("closed_at", Instant),
    Index(None, "story_id"),
    Index("ix_story_corrections_open", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
)
