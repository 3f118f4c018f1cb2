"""The tables of the desk: operators, their sessions, keys of programs, and the audit log."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, Text, text

from mailer.store.columns import Instant, Json
from mailer.store.tables import Id, metadata

operators = Table(
    "operators",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("role", Text, nullable=False),
    # argon2id; empty until she has set one.
    Column("password_hash", Text, nullable=False, server_default=""),
    Column("totp_secret", Text, nullable=False, server_default=""),
    # The last time step whose code was used: a code works once.
    Column("totp_step", BigInteger, nullable=False, server_default=text("0")),
    Column("created_at", Instant, nullable=False),
    Column("verified_at", Instant),
    Column("ended_at", Instant),
    # SHA-256 of the one-time link that sets her password; empty once used.
    Column("link_hash", Text, nullable=False, server_default=""),
    Column("link_until_at", Instant),
)

operator_sessions = Table(
    "operator_sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("operator_id", Id, ForeignKey("operators.id"), nullable=False),
    # SHA-256 of the cookie: who reads the table cannot sign in with it.
    Column("token_hash", Text, nullable=False, unique=True),
    Column("csrf_token", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    # When she last gave her password: what is grave asks again.
    Column("confirmed_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("end_reason", Text, nullable=False, server_default=""),
    Index(None, "operator_id"),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email_key", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Index(None, "email_key", "at"),
    Index(None, "address", "at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("scopes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
    Index(
        "uq_api_keys_current",
        "name",
        unique=True,
        sqlite_where=text("revoked_at IS NULL"),
        postgresql_where=text("revoked_at IS NULL"),
    ),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    # "mina@example.org", "key cms" or "command line".
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    Column("address", Text, nullable=False, server_default=""),
    Index(None, "actor"),
    Index(None, "subject"),
)
