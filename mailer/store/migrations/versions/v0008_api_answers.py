"""Answers to programs that named their request."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant, Json

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "api_answers",
        sa.Column("key_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("document", Json, nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name=op.f("fk_api_answers_key_id")),
        sa.PrimaryKeyConstraint("key_id", "name", name=op.f("pk_api_answers")),
    )
    op.create_index(op.f("ix_api_answers_asked_at"), "api_answers", ["asked_at"], unique=False)
