"""The tables of stories, tags, readers and their preferences. Runs and the ledger: ledger_tables.

History is never overwritten: a change ends a row (`ended_at`, `removed_at`) and starts one.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

from mailer.store.columns import Instant, Json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite only counts up by itself in a column declared INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")

tags = Table(
    "tags",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("parent_id", Id, ForeignKey("tags.id")),
)

tag_aliases = Table(
    "tag_aliases",
    metadata,
    Column("alias", Text, primary_key=True),
    Column("tag_id", Id, ForeignKey("tags.id"), nullable=False),
)

stories = Table(
    "stories",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", Text, nullable=False, unique=True),
    Column("revision", Integer, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("embargo_until_at", Instant),
    Column("ingested_at", Instant, nullable=False),
    # The latest of the three above, kept because every window asks for it.
    Column("eligible_at", Instant, nullable=False),
    Column("urgent", Boolean, nullable=False, server_default=text("false")),
    Column("retracted_at", Instant),
    Column("retraction_note", Text, nullable=False, server_default=""),
    # What the document last said of embargo and urgency when an operator has set them otherwise;
    # null: they are as the document says.
    Column("document_steering", Text),
    Index(None, "eligible_at"),
    Index(None, "published_at"),
)

story_revisions = Table(
    "story_revisions",
    metadata,
    Column("story_id", Id, ForeignKey("stories.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("recorded_at", Instant, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("title", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("body_html", Text, nullable=False),
    Column("byline", Text, nullable=False),
    Column("dateline", Text, nullable=False),
    Column("language", Text, nullable=False),
    # [[title, url, ISO date or null], …] in printed order.
    Column("see_also", Json, nullable=False),
)

story_tags = Table(
    "story_tags",
    metadata,
    Column("id", Id, primary_key=True),
    Column("story_id", Id, ForeignKey("stories.id"), nullable=False),
    Column("tag_id", Id, ForeignKey("tags.id"), nullable=False),
    # Place in the kicker from 0; null for a topic.
    Column("position", SmallInteger),
    # "document" tags follow the source at its next import; those that an "operator" put on stay,
    # and those that one took off are not brought back.
    Column("source", Text, nullable=False, server_default="document"),
    Column("added_at", Instant, nullable=False),
    Column("removed_at", Instant),
    Index(
        "uq_story_tags_current",
        "story_id",
        "tag_id",
        unique=True,
        sqlite_where=text("removed_at IS NULL"),
        postgresql_where=text("removed_at IS NULL"),
    ),
    Index(None, "added_at"),
    Index(None, "tag_id"),
    # The one above has current rows only; ended ones are read by their owner, too.
    Index(None, "story_id"),
)

newsletters = Table(
    "newsletters",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("sender_name", Text, nullable=False),
    Column("sender_address", Text, nullable=False),
    Column("reply_to", Text, nullable=False, server_default=""),
    Column("template", Text, nullable=False, server_default="digest"),
    Column("locales", Json, nullable=False),
    Column("cadences", Json, nullable=False),
    Column("base_expression", Text, nullable=False, server_default="*"),
    Column("timezone", Text, nullable=False, server_default="UTC"),
)

readers = Table(
    "readers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", Text, nullable=False),
    # One reader however the address is spelled: core.addresses says how.
    Column("email_key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),
    Column("locale", Text, nullable=False, server_default="en"),
    Column("timezone", Text, nullable=False, server_default="UTC"),
    Column("hour", SmallInteger, CheckConstraint("hour BETWEEN 0 AND 23", name="hour_of_day")),
    Column("format", Text, nullable=False, server_default="html"),
    # "22:00-07:00" by her own clock: no alert then; empty for none.
    Column("quiet", Text, nullable=False, server_default=""),
    Column("paused_until_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    # What an imported reader agreed to elsewhere; her own consents stand in subscriptions.
    Column("consent", Text, nullable=False, server_default=""),
    # Where she agreed to it, and when, as the import told.
    Column("consent_source", Text, nullable=False, server_default=""),
    Column("consented_at", Instant),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("reader_id", Id, ForeignKey("readers.id"), nullable=False),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("consent", Text, nullable=False, server_default=""),
    Column("ended_at", Instant),
    Column("end_reason", Text, nullable=False, server_default=""),
    Index(
        "uq_subscriptions_current",
        "newsletter_id",
        "reader_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index(None, "reader_id"),
)

follows = Table(
    "follows",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subscription_id", Id, ForeignKey("subscriptions.id"), nullable=False),
    Column("expression", Text, nullable=False),
    Column("canonical", Text, nullable=False),
    Column("cadence", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    # Everything eligible before it has been answered by a run, or came before she followed.
    Column("cursor_at", Instant, nullable=False),
    Column("source", Text, nullable=False, server_default=""),
    Column("ended_at", Instant),
    Column("end_reason", Text, nullable=False, server_default=""),
    Index(
        "uq_follows_current",
        "subscription_id",
        "cadence",
        "canonical",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    # The one above has current rows only; ended ones are read by their owner, too.
    Index(None, "subscription_id"),
)

mutes = Table(
    "mutes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("reader_id", Id, ForeignKey("readers.id"), nullable=False),
    Column("expression", Text, nullable=False),
    Column("canonical", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("source", Text, nullable=False, server_default=""),
    Column("ended_at", Instant),
    Index(
        "uq_mutes_current",
        "reader_id",
        "canonical",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    # The one above has current rows only; ended ones are read by their owner, too.
    Index(None, "reader_id"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email_key", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Text, nullable=False, server_default=""),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(
        "uq_suppressions_current",
        "email_key",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

schedules = Table(
    "schedules",
    metadata,
    Column("id", Id, primary_key=True),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    Column("cadence", Text, nullable=False),
    # Local wall-clock time "07:00"; days "mon-fri", "1,15" or empty for the cadence's own.
    Column("at", Text, nullable=False),
    Column("days", Text, nullable=False, server_default=""),
    # An IANA name, or "reader" for each reader's own.
    Column("timezone", Text, nullable=False),
    Column("catch_up", Text, nullable=False, server_default="coalesce"),
    Column("max_late_seconds", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("paused_at", Instant),
    Column("ended_at", Instant),
    # Up to where tick has looked; the next slot is after it.
    Column("looked_until_at", Instant, nullable=False),
    Index(None, "newsletter_id"),
)
