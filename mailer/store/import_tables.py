"""The tables of imports of readers: the file while it is needed, what was taken, what was not."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from mailer.store.columns import Instant, Json
from mailer.store.tables import Id, metadata

reader_imports = Table(
    "reader_imports",
    metadata,
    Column("id", Id, primary_key=True),
    # The file's name as it was told, and who brought it.
    Column("name", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("state", Text, nullable=False),
    # Whether its readers agreed elsewhere, to which words, and where.
    Column("confirmed", Boolean, nullable=False),
    Column("consent", Text, nullable=False),
    # How to read it: encoding, delimiter, columns by field.
    Column("reading", Json, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("done_bytes", Integer, nullable=False, server_default=text("0")),
    # How many records of the file have been answered: where to go on after a crash.
    Column("record_count", Integer, nullable=False, server_default=text("0")),
    Column("new_count", Integer, nullable=False, server_default=text("0")),
    Column("updated_count", Integer, nullable=False, server_default=text("0")),
    Column("unchanged_count", Integer, nullable=False, server_default=text("0")),
    Column("rejected_count", Integer, nullable=False, server_default=text("0")),
    # What was found: encoding, delimiter, the first line, where each field stands, a few lines.
    Column("found", Json, nullable=False),
    # What a person should know of how it was read, or why it could not be.
    Column("notes", Json, nullable=False),
    Column("error", Text, nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    # Since when no worker has it, while there is something to do; null before v0022.
    Column("waiting_since_at", Instant),
    Column("lease_token", Text),
    Column("lease_until_at", Instant),
    Index(None, "state"),
)

import_pieces = Table(
    "import_pieces",
    metadata,
    Column("import_id", Id, ForeignKey("reader_imports.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

import_lines = Table(
    "import_lines",
    metadata,
    # Who stood in which line, while it lasts: the second line of a reader is told of the first.
    Column("import_id", Id, ForeignKey("reader_imports.id"), primary_key=True),
    Column("email_key", Text, primary_key=True),
    Column("line", Integer, nullable=False),
)

import_rejects = Table(
    "import_rejects",
    metadata,
    Column("import_id", Id, ForeignKey("reader_imports.id"), primary_key=True),
    Column("line", Integer, primary_key=True),
    # Empty when no address could be read.
    Column("email_key", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("mend", Text, nullable=False),
    # The line as it came, for a file to mend.
    Column("cells", Json, nullable=False),
    Index(None, "email_key"),
)
