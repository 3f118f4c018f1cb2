"""The tables of hooks: what was refused, and tokens that were used."""

from sqlalchemy import Column, Index, Integer, Table, Text, UniqueConstraint, text

from mailer.store.columns import Instant
from mailer.store.tables import Id, metadata

# One row for each reason and client, however often: who knocks all night fills no disk.
hook_refusals = Table(
    "hook_refusals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("count", Integer, nullable=False, server_default=text("1")),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    UniqueConstraint("provider", "reason", "client"),
    Index(None, "last_at"),
)

hook_tokens = Table(
    "hook_tokens",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("token_hash", Text, primary_key=True),
    # The same token with the same body is a retry; with another it is a forgery.
    Column("body_hash", Text, nullable=False),
    Column("used_at", Instant, nullable=False),
    Index(None, "used_at"),
)
