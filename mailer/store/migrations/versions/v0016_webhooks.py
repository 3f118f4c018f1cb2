"""Outgoing webhooks and their outbox."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant, Json

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "webhooks",
        sa.Column("id", Id, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("old_secret", sa.Text(), server_default="", nullable=False),
        sa.Column("old_secret_until_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("failing_since_at", Instant(), nullable=True),
        sa.Column("rests_until_at", Instant(), nullable=True),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.Column("disabled_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "webhook_kinds",
        sa.Column("webhook_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_kinds_webhook_id")
        ),
        sa.PrimaryKeyConstraint("webhook_id", "kind", name=op.f("pk_webhook_kinds")),
    )
    op.create_index(op.f("ix_webhook_kinds_kind"), "webhook_kinds", ["kind"], unique=False)
    op.create_table(
        "webhook_messages",
        sa.Column("id", Id, nullable=False),
        sa.Column("webhook_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("reader_id", Id, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tried_at", Instant(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["readers.id"], name=op.f("fk_webhook_messages_reader_id")
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_messages_webhook_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_messages")),
    )
    queued = sa.text("state = 'queued'")
    op.create_index(
        "ix_webhook_messages_due",
        "webhook_messages",
        ["webhook_id", "due_at"],
        unique=False,
        sqlite_where=queued,
        postgresql_where=queued,
    )
    for columns in (["webhook_id", "id"], ["reader_id"], ["settled_at"]):
        op.create_index(
            op.f(f"ix_webhook_messages_{'_'.join(columns)}"),
            "webhook_messages",
            columns,
            unique=False,
        )
