"""The store's emptied databases, for the desk's flows too."""

from tests.store.conftest import database, postgres_database, shared_postgres

__all__ = ["database", "postgres_database", "shared_postgres"]
