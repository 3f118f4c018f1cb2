"""The table of the instance epoch: one row."""

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text

from mailer.store.columns import Instant
from mailer.store.tables import metadata

instance_epoch = Table(
    "instance_epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("identity", Text, nullable=False),
    Column("mark", Instant, nullable=False),
    CheckConstraint("id = 1", name="single"),
)
