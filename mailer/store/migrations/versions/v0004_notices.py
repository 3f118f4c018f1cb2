"""Notices stand in the ledger: deliveries without a run, with an occasion and what they tell."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_OPTIONAL = ("run_id", "reader_id", "subscription_id")
_CHECKS = {
    "ck_deliveries_kind": "kind IN ('digest', 'alert', 'notice')",
    "ck_deliveries_of_a_run": (
        "(kind = 'notice' AND run_id IS NULL) OR (kind <> 'notice' AND "
        "run_id IS NOT NULL AND reader_id IS NOT NULL AND subscription_id IS NOT NULL)"
    ),
}
_DUE = sa.text("state = 'queued' AND kind = 'notice'")


def upgrade() -> None:
    """Add what notices need to `deliveries`, and let them stand without run and reader."""
    for column in (
        sa.Column("kind", sa.Text(), server_default="digest", nullable=False),
        sa.Column("newsletter_id", Id, nullable=True),
        sa.Column("occasion", sa.Text(), server_default="", nullable=False),
        sa.Column("told", Json, nullable=True),
        sa.Column("thread", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("deliveries", column)
    op.execute(
        "UPDATE deliveries SET kind = 'alert' "
        "WHERE run_id IN (SELECT id FROM runs WHERE cadence = 'instant')"
    )
    if op.get_bind().dialect.name == "sqlite":
        _rebuild()
    else:
        for name in _OPTIONAL:
            op.alter_column("deliveries", name, nullable=True)
        op.create_foreign_key(
            op.f("fk_deliveries_newsletter_id"),
            "deliveries",
            "newsletters",
            ["newsletter_id"],
            ["id"],
        )
        for name, condition in _CHECKS.items():
            op.create_check_constraint(op.f(name), "deliveries", condition)
    op.create_index(
        "ix_deliveries_notices_due",
        "deliveries",
        ["not_before_at", "id"],
        sqlite_where=_DUE,
        postgresql_where=_DUE,
    )


def _rebuild() -> None:
    """Make the table anew: SQLite cannot take NOT NULL from a column or add a constraint.

    Indexes and the trigger of the arrows are made again from their own words.
    Source: sqlite.org/lang_altertable.html section 7.
    """
    connection = op.get_bind()
    words: dict[str, str] = dict(
        connection.execute(
            sa.text(
                "SELECT name, sql FROM sqlite_master "
                "WHERE tbl_name = 'deliveries' AND sql IS NOT NULL"
            )
        ).all()
    )
    table = words.pop("deliveries")
    for name in _OPTIONAL:
        table = _replaced(table, f"{name} INTEGER NOT NULL", f"{name} INTEGER")
    parent = "FOREIGN KEY(newsletter_id) REFERENCES newsletters (id)"
    constraints = [
        f"CONSTRAINT fk_deliveries_newsletter_id {parent}",
        *(f"CONSTRAINT {name} CHECK ({condition})" for name, condition in _CHECKS.items()),
    ]
    head, _, tail = table.rpartition(")")
    table = _replaced(f"{head}, {', '.join(constraints)}){tail}", "deliveries", "deliveries_new")
    connection.exec_driver_sql(table)
    # Both have their columns in the same order: only constraints differ.
    connection.exec_driver_sql("INSERT INTO deliveries_new SELECT * FROM deliveries")
    connection.exec_driver_sql("DROP TABLE deliveries")
    connection.exec_driver_sql("ALTER TABLE deliveries_new RENAME TO deliveries")
    for statement in words.values():
        connection.exec_driver_sql(statement)


def _replaced(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"the table deliveries has no '{old}': {text}")
    return text.replace(old, new, 1)
