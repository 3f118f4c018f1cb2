"""Indexes over ended rows too: a page of preferences and a story's past read them by owner."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_INDEXES = (("follows", "subscription_id"), ("mutes", "reader_id"), ("story_tags", "story_id"))


def upgrade() -> None:
    """Add them; the indexes there were hold current rows only."""
    for table, column in _INDEXES:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
