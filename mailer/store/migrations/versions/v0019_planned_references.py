"""References of planned rows that PostgreSQL looked up one by one: SQLite alone keeps them."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_REFERENCES = (
    ("deliveries", "run_id"),
    ("deliveries", "reader_id"),
    ("deliveries", "subscription_id"),
    ("delivery_items", "delivery_id"),
    ("delivery_items", "story_id"),
)


def upgrade() -> None:
    """Drop them; ledger_tables says why, and 'mailer ledger check' looks at what they kept."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column in _REFERENCES:
        op.drop_constraint(op.f(f"fk_{table}_{column}"), table, type_="foreignkey")
