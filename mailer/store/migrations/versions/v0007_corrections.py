"""Corrections and retractions of stories."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "story_corrections",
        sa.Column("id", Id, nullable=False),
        sa.Column("story_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("wrong_revision", sa.Integer(), nullable=False),
        sa.Column("right_revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('correction', 'retraction')", name=op.f("ck_story_corrections_known")
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["stories.id"], name=op.f("fk_story_corrections_story_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story_corrections")),
    )
    op.create_index(
        op.f("ix_story_corrections_story_id"), "story_corrections", ["story_id"], unique=False
    )
    op.create_index(
        "ix_story_corrections_open",
        "story_corrections",
        ["id"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
