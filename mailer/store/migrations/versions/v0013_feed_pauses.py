"""Feeds can be paused, and count what they bring."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what feeds brought before was not counted."""
    op.add_column("feeds", sa.Column("paused_at", Instant(), nullable=True))
    op.add_column(
        "feeds",
        sa.Column("story_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
