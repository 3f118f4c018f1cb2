"""Requests to move to another address."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "address_requests",
        sa.Column("id", Id, nullable=False),
        sa.Column("reader_id", Id, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("requested_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["readers.id"], name=op.f("fk_address_requests_reader_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_requests")),
    )
    op.create_index("ix_address_requests_reader_id", "address_requests", ["reader_id"])
