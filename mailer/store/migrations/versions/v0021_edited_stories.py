"""Stories whose embargo or urgency an operator set."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the document had said before."""
    op.add_column("stories", sa.Column("document_steering", sa.Text(), nullable=True))
