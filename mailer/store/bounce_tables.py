"""The table of what came back: one row for each report, whatever became of it."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from mailer.store.columns import Instant
from mailer.store.tables import Id, metadata

bounces = Table(
    "bounces",
    metadata,
    Column("id", Id, primary_key=True),
    # The same report, however often it is read, is one row.
    Column("evidence", Text, nullable=False, unique=True),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("proof", Text, nullable=False),
    # The mail it is about; null when nothing proves which.
    Column("delivery_id", Id, ForeignKey("deliveries.id")),
    # Whose address it was, by our ledger; empty without proof.
    Column("email", Text, nullable=False, server_default=""),
    Column("email_key", Text, nullable=False, server_default=""),
    # What the report itself says: foreign words.
    Column("recipient", Text, nullable=False, server_default=""),
    Column("status", Text, nullable=False, server_default=""),
    Column("diagnostic", Text, nullable=False, server_default=""),
    Column("reporter", Text, nullable=False, server_default=""),
    Column("source", Text, nullable=False, server_default=""),
    # What was done about it, in words.
    Column("action", Text, nullable=False),
    Index(None, "email_key", "at"),
    Index(None, "delivery_id"),
    Index(None, "at"),
)
