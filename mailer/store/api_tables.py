"""The table of answers that were given to programs which named their request."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from mailer.store.columns import Instant, Json
from mailer.store.operator_tables import api_keys
from mailer.store.tables import Id, metadata

api_answers = Table(
    "api_answers",
    metadata,
    Column("key_id", Id, ForeignKey(api_keys.c.id), primary_key=True),
    Column("name", Text, primary_key=True),
    # What was asked: another request under the same name is a mistake of the program.
    Column("fingerprint", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    # Null while it is being answered.
    Column("status", Integer),
    Column("document", Json),
    Index(None, "asked_at"),
)
