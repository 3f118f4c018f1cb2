"""The tables of runs and of the ledger (RELIABILITY section 1).

A delivery is one mail to one reader; its items say which stories at which revision it gives her.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)

from mailer.core.deliveries import DeliveryState, MailKind
from mailer.store.columns import Instant, Json
from mailer.store.tables import Id, metadata

_DUE = text("state = 'queued'")
_NOTICE_DUE = text("state = 'queued' AND kind = 'notice'")
_LEASED = text("state IN ('claimed', 'transmitting')")
_DOUBTFUL = text("state IN ('in_doubt', 'held')")
_STATES = ", ".join(f"'{state}'" for state in DeliveryState)
_KINDS = ", ".join(f"'{kind}'" for kind in MailKind)
_OF_A_RUN = "run_id IS NOT NULL AND reader_id IS NOT NULL AND subscription_id IS NOT NULL"


def _planned_with(column: str, refers_to: str) -> ForeignKeyConstraint:
    """A reference that SQLite keeps and `mailer ledger check` looks at, everywhere.

    PostgreSQL would look up each row's by itself: for a mail of 15 stories that was 200 of the 310
    microseconds that planning it took the server. Nothing that is referred to is ever deleted, and
    the transaction that plans has just read and locked it.
    """
    return ForeignKeyConstraint([column], [refers_to]).ddl_if(dialect="sqlite")


runs = Table(
    "runs",
    metadata,
    Column("id", Id, primary_key=True),
    # Unique by slot (I4): who ticks, and how often, does not matter.
    Column("slot_key", Text, nullable=False, unique=True),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    Column("schedule_id", Id, ForeignKey("schedules.id")),
    Column("cadence", Text, nullable=False),
    # The zone whose readers this run is for; empty for all readers.
    Column("zone", Text, nullable=False, server_default=""),
    # The moment the run looks at: the end of its window and the Date of its mails.
    Column("as_of", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", Text, nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    # What a run pauses itself by, shared by all workers: core.run_health.
    Column("early_settled_count", Integer, nullable=False, server_default=text("0")),
    Column("early_refused_count", Integer, nullable=False, server_default=text("0")),
    Column("refused_in_row_count", Integer, nullable=False, server_default=text("0")),
    Index(None, "newsletter_id", "cadence", "as_of"),
    # The frontier: every ingest asks for the latest.
    Index(None, "as_of"),
)

# Planning happens shard by shard, each in one transaction: readers with after < id <= to.
run_shards = Table(
    "run_shards",
    metadata,
    Column("run_id", Id, ForeignKey("runs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("after_reader_id", Id, nullable=False),
    # Null: no upper end, so that readers who arrive meanwhile belong to the last shard.
    Column("to_reader_id", Id),
    Column("planned_at", Instant),
    Column("planned_count", Integer, nullable=False, server_default=text("0")),
    Column("nothing_new_count", Integer, nullable=False, server_default=text("0")),
    Column("dead_follow_count", Integer, nullable=False, server_default=text("0")),
    # core.runs.mail_hash summed over the shard's mails.
    Column("plan_hash", Text, nullable=False, server_default=""),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("message_id", Text, nullable=False, unique=True),
    # Digests and alerts have these three; a notice has no run, and may go to a stranger.
    Column("run_id", Id),
    Column("reader_id", Id),
    Column("subscription_id", Id),
    # What the mail was composed with, so that a retry has the same bytes.
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("state", Text, CheckConstraint(f"state IN ({_STATES})", name="known"), nullable=False),
    Column("state_reason", Text, nullable=False, server_default=""),
    Column("attempt_count", SmallInteger, nullable=False, server_default=text("0")),
    Column("not_before_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("lease_token", Text),
    Column("lease_until_at", Instant),
    Column("lost_lease_count", SmallInteger, nullable=False, server_default=text("0")),
    # How often it went out again although it may have been accepted before.
    Column("resend_count", SmallInteger, nullable=False, server_default=text("0")),
    Column("reply_code", Integer),
    Column("reply", Text, nullable=False, server_default=""),
    Column("planned_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("kind", Text, nullable=False, server_default=MailKind.DIGEST.value),
    # Of a notice: its newsletter if any, why it is written, and what it tells (core.notices).
    Column("newsletter_id", Id, ForeignKey("newsletters.id")),
    Column("occasion", Text, nullable=False, server_default=""),
    Column("told", Json),
    # The Message-IDs it answers to, oldest first, parted by spaces.
    Column("thread", Text, nullable=False, server_default=""),
    _planned_with("run_id", "runs.id"),
    _planned_with("reader_id", "readers.id"),
    _planned_with("subscription_id", "subscriptions.id"),
    CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
    CheckConstraint(
        f"(kind = 'notice' AND run_id IS NULL) OR (kind <> 'notice' AND {_OF_A_RUN})",
        name="of_a_run",
    ),
    # Due rows, in the order they are claimed; settled rows cost this index nothing.
    Index("ix_deliveries_due", "not_before_at", "id", sqlite_where=_DUE, postgresql_where=_DUE),
    # Somebody waits for a notice: a million due digests must not stand before it.
    Index(
        "ix_deliveries_notices_due",
        "not_before_at",
        "id",
        sqlite_where=_NOTICE_DUE,
        postgresql_where=_NOTICE_DUE,
    ),
    Index("ix_deliveries_leased", "lease_until_at", sqlite_where=_LEASED, postgresql_where=_LEASED),
    Index("ix_deliveries_doubtful", "id", sqlite_where=_DOUBTFUL, postgresql_where=_DOUBTFUL),
    Index(None, "run_id", "state"),
    Index(None, "reader_id"),
)

delivery_items = Table(
    "delivery_items",
    metadata,
    Column("delivery_id", Id, primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("reader_id", Id, nullable=False),
    Column("story_id", Id, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("section", SmallInteger, nullable=False),
    Column("shown", Text, nullable=False),
    # The follows that wanted it, the section's own first: [12, 15].
    Column("follow_ids", Json, nullable=False),
    # False once the delivery ended without giving it: another run may.
    Column("given", Boolean, nullable=False, server_default=text("true")),
    _planned_with("delivery_id", "deliveries.id"),
    _planned_with("story_id", "stories.id"),
    # I1 in the database: a story at a revision is given to a reader at most once.
    Index(
        "uq_delivery_items_given",
        "reader_id",
        "story_id",
        "revision",
        unique=True,
        sqlite_where=text("given"),
        postgresql_where=text("given"),
    ),
    Index(None, "story_id"),
)

delivery_events = Table(
    "delivery_events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("event", Text, nullable=False),
    Column("code", Integer),
    Column("detail", Text, nullable=False, server_default=""),
    Index(None, "delivery_id"),
)

omissions = Table(
    "omissions",
    metadata,
    Column("run_id", Id, ForeignKey("runs.id"), primary_key=True),
    Column("reader_id", Id, primary_key=True),
    Column("story_id", Id, ForeignKey("stories.id"), primary_key=True),
    Column("why", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Index(None, "reader_id", "story_id"),
)
