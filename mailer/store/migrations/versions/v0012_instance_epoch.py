"""The instance epoch of the restore guard."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; its row comes with the first look."""
    op.create_table(
        "instance_epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("mark", Instant(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_instance_epoch_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_epoch")),
    )
