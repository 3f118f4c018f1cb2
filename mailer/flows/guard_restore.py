"""The restore guard: a database that was restored or cloned sends nothing before a person says so.

Its ledger has forgotten what went out since the backup, and who unsubscribed: sending on would
send twice, and to readers who have left.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mailer.core.epochs import STEP, Epoch, next_mark, why_strange
from mailer.errors import InputError, RestoredDatabase
from mailer.store.audit import record_change
from mailer.store.database import Database
from mailer.store.epochs import find_epoch, read_epoch_file, save_epoch, write_epoch_file


@dataclass(frozen=True, slots=True)
class RestoreGuard:
    """Compares the epoch of a database with that of a file outside. Without a file: no guard."""

    path: Path | None = None

    def strangeness(self, database: Database) -> str:
        """Say why the database is not the one this machine knows; "" when it is."""
        return "" if self.path is None else why_strange(*_both(self.path, database))

    def check(self, database: Database, now: datetime, *, sent: bool = False) -> None:
        """Raise RestoredDatabase when nothing may be sent; else move the epoch on when it is time.

        `sent` moves it at once: a backup from before is then known by it.
        """
        if self.path is None:
            return
        outside, inside = _both(self.path, database)
        if why := why_strange(outside, inside):
            raise RestoredDatabase(
                f"the database was restored or cloned: {why}. Nothing is sent until an operator "
                "has looked at what waits ('mailer runs list') and runs 'mailer accept-restore'"
            )
        if inside is None or sent or now - inside.mark >= STEP:
            self._move(self.path, database, next_mark(now, inside), inside)
        elif outside != inside:
            write_epoch_file(self.path, inside)

    def accept(self, database: Database, *, actor: str, now: datetime) -> str:
        """Make this database the known one, and return why it was not; "" when it was.

        Other machines that knew it before the restore go on, too.
        """
        if self.path is None:
            raise InputError(
                "no restore guard watches here: MAILER_EPOCH_FILE names the file it needs, "
                "on a disk that is not restored with the database"
            )
        outside, inside = _both(self.path, database)
        why = why_strange(outside, inside)
        if why:
            with database.write() as connection:
                record_change(
                    connection, actor=actor, action="restore accepted", detail=why, now=now
                )
            self._move(self.path, database, next_mark(now, outside, inside), inside)
        return why

    def _move(self, path: Path, database: Database, mark: datetime, inside: Epoch | None) -> None:
        identity = inside.identity if inside else secrets.token_hex(16)
        # The database first: a file ahead of it would look like a restore.
        with database.write() as connection:
            moved = save_epoch(connection, Epoch(identity, mark))
        write_epoch_file(path, moved)


def _both(path: Path, database: Database) -> tuple[Epoch | None, Epoch | None]:
    """Return the epoch outside, then inside: in between another process may move them on."""
    outside = read_epoch_file(path)
    with database.read() as connection:
        return outside, find_epoch(connection)
