"""What tests of the store ask for besides a database of each kind."""

from collections.abc import Iterator

import pytest

from mailer.store.database import Database
from tests.servers.postgres import PostgresServer


@pytest.fixture
def postgres_database(postgres: PostgresServer, migrated_postgres: str) -> Iterator[Database]:
    """A fresh PostgreSQL database: for what SQLite, with one writer at a time, cannot meet."""
    url = postgres.create(template=migrated_postgres)
    database = Database.open(url)
    yield database
    database.close()
    postgres.drop(url)
