"""Runs and the ledger, with the trigger that keeps its arrows."""

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import Instant, Json

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

STATES = (
    "'queued', 'claimed', 'transmitting', 'accepted', 'refused', "
    "'withheld', 'cancelled', 'expired', 'in_doubt', 'held'"
)
# The arrows of RELIABILITY section 1, as they stood when this migration was written.
ARROWS = (
    "queued>claimed queued>cancelled queued>expired queued>withheld "
    "claimed>queued claimed>transmitting claimed>withheld claimed>cancelled claimed>held "
    "transmitting>accepted transmitting>refused transmitting>queued transmitting>in_doubt "
    "in_doubt>accepted in_doubt>refused in_doubt>queued in_doubt>held "
    "held>accepted held>queued held>cancelled"
)


def upgrade() -> None:
    """Create all tables, and the trigger that refuses every other move of a delivery."""
    _create_tables()
    arrows = ", ".join(f"'{arrow}'" for arrow in ARROWS.split())
    forbidden = f"OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({arrows})"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER delivery_arrow BEFORE UPDATE OF state ON deliveries WHEN {forbidden} "
            "BEGIN SELECT RAISE(ABORT, 'the ledger forbids this move of a delivery'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_delivery_arrow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'the ledger forbids this move of a delivery: % from % to %', "
        "OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER delivery_arrow BEFORE UPDATE OF state ON deliveries FOR EACH ROW "
        f"WHEN ({forbidden}) EXECUTE FUNCTION refuse_delivery_arrow()"
    )


def _create_tables() -> None:
    op.create_table(
        "runs",
        sa.Column("id", Id, nullable=False),
        sa.Column("slot_key", sa.Text(), nullable=False),
        sa.Column("newsletter_id", Id, nullable=False),
        sa.Column("schedule_id", Id, nullable=True),
        sa.Column("cadence", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), server_default="", nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("early_settled_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("early_refused_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "refused_in_row_count", sa.Integer(), server_default=sa.text("0"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletters.id"], name=op.f("fk_runs_newsletter_id")
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name=op.f("fk_runs_schedule_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("slot_key", name=op.f("uq_runs_slot_key")),
    )
    op.create_index(
        op.f("ix_runs_newsletter_id_cadence_as_of"),
        "runs",
        ["newsletter_id", "cadence", "as_of"],
        unique=False,
    )
    op.create_index(op.f("ix_runs_as_of"), "runs", ["as_of"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", Id, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("reader_id", Id, nullable=False),
        sa.Column("subscription_id", Id, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("attempt_count", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until_at", Instant(), nullable=True),
        sa.Column(
            "lost_lease_count", sa.SmallInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("resend_count", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reply_code", sa.Integer(), nullable=True),
        sa.Column("reply", sa.Text(), server_default="", nullable=False),
        sa.Column("planned_at", Instant(), nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["readers.id"], name=op.f("fk_deliveries_reader_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_deliveries_run_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_deliveries_subscription_id")
        ),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_deliveries_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("key", name=op.f("uq_deliveries_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_deliveries_message_id")),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["not_before_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_deliveries_leased",
        "deliveries",
        ["lease_until_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('claimed', 'transmitting')"),
        postgresql_where=sa.text("state IN ('claimed', 'transmitting')"),
    )
    op.create_index(
        "ix_deliveries_doubtful",
        "deliveries",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('in_doubt', 'held')"),
        postgresql_where=sa.text("state IN ('in_doubt', 'held')"),
    )
    op.create_index(op.f("ix_deliveries_reader_id"), "deliveries", ["reader_id"], unique=False)
    op.create_index(
        op.f("ix_deliveries_run_id_state"), "deliveries", ["run_id", "state"], unique=False
    )
    op.create_table(
        "omissions",
        sa.Column("run_id", Id, nullable=False),
        sa.Column("reader_id", Id, nullable=False),
        sa.Column("story_id", Id, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_omissions_run_id")),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name=op.f("fk_omissions_story_id")),
        sa.PrimaryKeyConstraint("run_id", "reader_id", "story_id", name=op.f("pk_omissions")),
    )
    op.create_index(
        op.f("ix_omissions_reader_id_story_id"),
        "omissions",
        ["reader_id", "story_id"],
        unique=False,
    )
    op.create_table(
        "run_shards",
        sa.Column("run_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("after_reader_id", Id, nullable=False),
        sa.Column("to_reader_id", Id, nullable=True),
        sa.Column("planned_at", Instant(), nullable=True),
        sa.Column("planned_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("nothing_new_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("dead_follow_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("plan_hash", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_shards_run_id")),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_run_shards")),
    )
    op.create_table(
        "delivery_events",
        sa.Column("id", Id, nullable=False),
        sa.Column("delivery_id", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_events_delivery_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_events")),
    )
    op.create_index(
        op.f("ix_delivery_events_delivery_id"), "delivery_events", ["delivery_id"], unique=False
    )
    op.create_table(
        "delivery_items",
        sa.Column("delivery_id", Id, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("reader_id", Id, nullable=False),
        sa.Column("story_id", Id, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("section", sa.SmallInteger(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("follow_ids", Json, nullable=False),
        sa.Column("given", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_items_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["stories.id"], name=op.f("fk_delivery_items_story_id")
        ),
        sa.PrimaryKeyConstraint("delivery_id", "position", name=op.f("pk_delivery_items")),
    )
    op.create_index(
        op.f("ix_delivery_items_story_id"), "delivery_items", ["story_id"], unique=False
    )
    op.create_index(
        "uq_delivery_items_given",
        "delivery_items",
        ["reader_id", "story_id", "revision"],
        unique=True,
        sqlite_where=sa.text("given"),
        postgresql_where=sa.text("given"),
    )
