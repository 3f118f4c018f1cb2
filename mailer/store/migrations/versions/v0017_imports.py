"""Imports of readers, and where and when an imported reader agreed."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant, Json

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables and add the columns."""
    op.add_column(
        "readers", sa.Column("consent_source", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("readers", sa.Column("consented_at", Instant(), nullable=True))
    op.create_table(
        "reader_imports",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("reading", Json, nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)
            for name in (
                "done_bytes",
                "record_count",
                "new_count",
                "updated_count",
                "unchanged_count",
                "rejected_count",
            )
        ),
        sa.Column("found", Json, nullable=False),
        sa.Column("notes", Json, nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_imports")),
    )
    op.create_index(op.f("ix_reader_imports_state"), "reader_imports", ["state"], unique=False)
    op.create_table(
        "import_pieces",
        sa.Column("import_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _belongs("import_pieces"),
        sa.PrimaryKeyConstraint("import_id", "position", name=op.f("pk_import_pieces")),
    )
    op.create_table(
        "import_lines",
        sa.Column("import_id", Id, nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        _belongs("import_lines"),
        sa.PrimaryKeyConstraint("import_id", "email_key", name=op.f("pk_import_lines")),
    )
    op.create_table(
        "import_rejects",
        sa.Column("import_id", Id, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("mend", sa.Text(), nullable=False),
        sa.Column("cells", Json, nullable=False),
        _belongs("import_rejects"),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_import_rejects")),
    )
    op.create_index(op.f("ix_import_rejects_email_key"), "import_rejects", ["email_key"])


def _belongs(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_import_id")
    return sa.ForeignKeyConstraint(["import_id"], ["reader_imports.id"], name=name)
