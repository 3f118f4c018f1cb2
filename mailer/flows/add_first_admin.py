"""Add the first admin from the environment: for machines that nobody types commands on."""

from datetime import datetime

from mailer.core.operators import Role
from mailer.errors import InputError
from mailer.flows.add_operator import add_operator
from mailer.store.database import Database
from mailer.store.operators import list_operators


def add_first_admin(database: Database, email: str, password: str, *, now: datetime) -> bool:
    """Add an admin when there is no operator at all; False, and no change, when there is one.

    Once somebody is there the environment is never looked at again: it neither brings back an
    operator who was ended nor undoes a password she changed. Raises InputError for an address or
    password that cannot be used.
    """
    if not email or _has_operators(database):
        return False
    if not password:
        raise InputError("MAILER_ADMIN_EMAIL needs MAILER_ADMIN_PASSWORD: at least 12 characters")
    try:
        add_operator(
            database, email, role=Role.ADMIN, password=password, actor="environment", now=now
        )
    except InputError:
        # Two processes may start at the same moment: one of them has added her.
        if not _has_operators(database):
            raise
        return False
    return True


def _has_operators(database: Database) -> bool:
    with database.read() as connection:
        return bool(list_operators(connection))
