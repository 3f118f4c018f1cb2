"""The tables of editions: what was compiled for a run, stored once for all its mails."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from mailer.store.columns import Instant
from mailer.store.tables import Id, metadata

# Named by its content: two workers that compile the same keep one.
edition_contents = Table(
    "edition_contents",
    metadata,
    Column("name", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("stored_at", Instant, nullable=False),
)

# The editions of a run's mails of one locale and format, in the order they came; a later one has
# what the earlier lack. One without content says why its mails go the plain way.
editions = Table(
    "editions",
    metadata,
    Column("run_id", Id, ForeignKey("runs.id"), primary_key=True),
    Column("locale", Text, primary_key=True),
    Column("format", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", Text, ForeignKey("edition_contents.name")),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("made_at", Instant, nullable=False),
    Index(None, "name"),
    Index(None, "made_at"),
)
