"""Requests to subscribe, limits, and what readers changed."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant, Json

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "limits",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("full_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_limits")),
    )
    op.create_index("ix_limits_full_at", "limits", ["full_at"])
    op.create_table(
        "reader_changes",
        sa.Column("id", Id, nullable=False),
        sa.Column("reader_id", Id, nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("before", Json, nullable=False),
        sa.Column("after", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["readers.id"], name=op.f("fk_reader_changes_reader_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_changes")),
    )
    op.create_index(
        "ix_reader_changes_reader_id_changed_at", "reader_changes", ["reader_id", "changed_at"]
    )
    op.create_table(
        "subscription_requests",
        sa.Column("id", Id, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("newsletter_id", Id, nullable=False),
        sa.Column("follows", Json, nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("requested_at", Instant(), nullable=False),
        sa.Column("mailed_at", Instant(), nullable=True),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["newsletter_id"],
            ["newsletters.id"],
            name=op.f("fk_subscription_requests_newsletter_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_requests")),
    )
    op.create_index(
        "ix_subscription_requests_email_key_mailed_at",
        "subscription_requests",
        ["email_key", "mailed_at"],
    )
    op.create_index(
        "ix_subscription_requests_requested_at", "subscription_requests", ["requested_at"]
    )
