"""Letters that operators write."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant, Json

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "adhoc_letters",
        sa.Column("id", Id, nullable=False),
        sa.Column("newsletter_id", Id, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("expression", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("written_at", Instant(), nullable=False),
        sa.Column("tested_as", sa.Text(), nullable=False),
        sa.Column("tested_at", Instant(), nullable=True),
        sa.Column("tested_to", sa.Text(), nullable=False),
        sa.Column("run_id", Id, nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("written", Json, nullable=True),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletters.id"], name=op.f("fk_adhoc_letters_newsletter_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_adhoc_letters_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adhoc_letters")),
        sa.UniqueConstraint("run_id", name=op.f("uq_adhoc_letters_run_id")),
    )
