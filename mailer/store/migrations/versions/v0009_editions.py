"""Editions: what was compiled for a run."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "edition_contents",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_edition_contents")),
    )
    op.create_table(
        "editions",
        sa.Column("run_id", Id, nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["name"], ["edition_contents.name"], name=op.f("fk_editions_name")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_editions_run_id")),
        sa.PrimaryKeyConstraint("run_id", "locale", "format", "number", name=op.f("pk_editions")),
    )
    op.create_index(op.f("ix_editions_name"), "editions", ["name"], unique=False)
    op.create_index(op.f("ix_editions_made_at"), "editions", ["made_at"], unique=False)
