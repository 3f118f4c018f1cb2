"""Hooks of mail services: refused calls and used tokens."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "hook_refusals",
        sa.Column("id", Id, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_refusals")),
        sa.UniqueConstraint(
            "provider", "reason", "client", name=op.f("uq_hook_refusals_provider_reason_client")
        ),
    )
    op.create_index(op.f("ix_hook_refusals_last_at"), "hook_refusals", ["last_at"], unique=False)
    op.create_table(
        "hook_tokens",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("used_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "token_hash", name=op.f("pk_hook_tokens")),
    )
    op.create_index(op.f("ix_hook_tokens_used_at"), "hook_tokens", ["used_at"], unique=False)
