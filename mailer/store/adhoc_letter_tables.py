"""The table of letters that operators write."""

from sqlalchemy import Column, ForeignKey, Table, Text

from mailer.store.columns import Instant, Json
from mailer.store.tables import Id, metadata

adhoc_letters = Table(
    "adhoc_letters",
    metadata,
    Column("id", Id, primary_key=True),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    Column("subject", Text, nullable=False),
    # Markdown, as it was typed.
    Column("source", Text, nullable=False),
    Column("expression", Text, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("written_at", Instant, nullable=False),
    # What an operator was sent as a test: core.adhoc_letters says of which words.
    Column("tested_as", Text, nullable=False),
    Column("tested_at", Instant),
    Column("tested_to", Text, nullable=False),
    # The run that carries it; once there is one, nothing of the letter changes.
    Column("run_id", Id, ForeignKey("runs.id"), unique=True),
    Column("sent_at", Instant),
    # The text as it was drawn when it was sent, so that every attempt has the same bytes.
    Column("written", Json),
)
