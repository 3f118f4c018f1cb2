"""The instance epoch inside the database, and the file of it outside."""

import os
import tempfile
from pathlib import Path

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.epochs import Epoch, epoch_text, read_epoch_text
from mailer.errors import InputError, SettingsError
from mailer.store.epoch_tables import instance_epoch


def find_epoch(connection: Connection) -> Epoch | None:
    """Return the database's epoch; None before its first."""
    row = connection.execute(select(instance_epoch)).one_or_none()
    return None if row is None else Epoch(row.identity, row.mark)


def save_epoch(connection: Connection, epoch: Epoch) -> Epoch:
    """Move the mark on, never back, and return what stands: the first identity stays."""
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(
        plain(instance_epoch)
        .values(id=1, identity=epoch.identity, mark=epoch.mark)
        .on_conflict_do_nothing(index_elements=[instance_epoch.c.id])
    )
    connection.execute(
        update(instance_epoch).where(instance_epoch.c.mark < epoch.mark).values(mark=epoch.mark)
    )
    row = connection.execute(select(instance_epoch)).one()
    return Epoch(row.identity, row.mark)


def read_epoch_file(path: Path) -> Epoch | None:
    """Return the epoch outside the database; None when there is no file.

    Raises SettingsError for one that cannot be read.
    """
    try:
        return read_epoch_text(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, InputError) as error:
        raise SettingsError(
            f"the epoch file '{path}' cannot be read ({error}): nothing is sent before it is "
            "mended, or removed and 'mailer accept-restore' was run"
        ) from error


def write_epoch_file(path: Path, epoch: Epoch) -> None:
    """Write the file whole or not at all; raises SettingsError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(epoch_text(epoch))
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SettingsError(f"MAILER_EPOCH_FILE: cannot write '{path}': {error}") from error
