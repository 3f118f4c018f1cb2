"""Migrating the schema with Alembic: its one owner. What is current already never comes here."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from mailer.errors import LedgerError
from mailer.store.database import MIGRATIONS, Connection, Database


def migrate(database: Database, url: str) -> None:
    """Bring the schema to the newest revision, all of it or nothing; again is no change.

    Raises LedgerError, which undoes it, when a row would be left without its parent.
    """
    with database.write(migrating=True) as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        after = MigrationContext.configure(connection).get_current_revision()
        if database.is_sqlite and before not in (None, after):
            _require_foreign_keys(connection)


def _require_foreign_keys(connection: Connection) -> None:
    """Raise LedgerError when a row now refers to nothing."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise LedgerError(f"the migration would leave a row of '{broken[0]}' without its parent")
