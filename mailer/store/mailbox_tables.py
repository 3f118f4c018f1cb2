"""The table of mailboxes that are looked at by the clock: one row each."""

from sqlalchemy import Column, Integer, Table, Text, text

from mailer.store.columns import Instant
from mailer.store.tables import metadata

mailbox_looks = Table(
    "mailbox_looks",
    metadata,
    # What comes there: "bounces".
    Column("name", Text, primary_key=True),
    # When the next look is due; whoever looks moves it on first, so that one looks at a time.
    Column("due_at", Instant, nullable=False),
    Column("looked_at", Instant),
    Column("succeeded_at", Instant),
    Column("message_count", Integer, nullable=False, server_default=text("0")),
    Column("failure_count", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text, nullable=False, server_default=""),
)
