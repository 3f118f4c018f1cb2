"""The table of feeds that are polled."""

from sqlalchemy import Column, Index, Integer, Table, Text, text

from mailer.store.columns import Instant, Json
from mailer.store.tables import Id, metadata

feeds = Table(
    "feeds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    Column("tags", Json, nullable=False),
    Column("every_seconds", Integer, nullable=False),
    Column("added_at", Instant, nullable=False),
    # Who polls moves it on first: of many who look, one does.
    Column("due_at", Instant, nullable=False),
    # What the server asked us to send with the next request.
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
    Column("polled_at", Instant),
    # When the feed was last read whole; null until then.
    Column("succeeded_at", Instant),
    Column("failure_count", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    # While set nobody polls it by itself.
    Column("paused_at", Instant),
    # How many stories it has brought that were new.
    Column("story_count", Integer, nullable=False, server_default=text("0")),
    Index(None, "due_at"),
)
