"""Check the ledger: every invariant, by SQL."""

from datetime import datetime

from mailer.store.database import Database
from mailer.store.ledger_invariants import Finding, check_invariants


def check_ledger(database: Database, *, now: datetime) -> list[Finding]:
    """Return what was found for each invariant, those that hold included; changes nothing."""
    with database.read() as connection:
        return check_invariants(connection, now)
