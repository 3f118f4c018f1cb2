"""The tables behind the reader's pages: requests to subscribe, limits, and what readers changed."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from mailer.store.columns import Instant, Json
from mailer.store.tables import Id, metadata

subscription_requests = Table(
    "subscription_requests",
    metadata,
    Column("id", Id, primary_key=True),
    # Empty once the reader was erased.
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    # [[expression, cadence], …] in her order.
    Column("follows", Json, nullable=False),
    Column("locale", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    # The words of the link she was mailed: what she says yes to.
    Column("consent", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    # Null when the address had been written to often enough.
    Column("mailed_at", Instant),
    Column("confirmed_at", Instant),
    Index(None, "email_key", "mailed_at"),
    Index(None, "requested_at"),
)

limits = Table(
    "limits",
    metadata,
    # The limit's name and a keyed hash of whom it is about: no address stands here.
    Column("key", Text, primary_key=True),
    Column("full_at", Instant, nullable=False),
    Index(None, "full_at"),
)

reader_changes = Table(
    "reader_changes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("reader_id", Id, ForeignKey("readers.id"), nullable=False),
    Column("changed_at", Instant, nullable=False),
    # "unsubscribed", "paused", …
    Column("what", Text, nullable=False),
    # "one-click", "preferences page", "command line", …
    Column("source", Text, nullable=False),
    # Her choices before and after, whole: what undo goes back to.
    Column("before", Json, nullable=False),
    Column("after", Json, nullable=False),
    Index(None, "reader_id", "changed_at"),
)

address_requests = Table(
    "address_requests",
    metadata,
    Column("id", Id, primary_key=True),
    Column("reader_id", Id, ForeignKey("readers.id"), nullable=False),
    # The new address; empty once the reader was erased.
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Index(None, "reader_id"),
)
