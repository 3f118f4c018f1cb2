"""Since when an import waits for a worker."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment."""
    op.add_column("reader_imports", sa.Column("waiting_since_at", Instant(), nullable=True))
