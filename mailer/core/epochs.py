"""The instance epoch: how a database that was restored or cloned is told from the one we know.

It is kept in the database and in a file outside it. The mark moves on in the database first, so the
file is never ahead, unless the database has gone back in time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.core.hygiene import clean_header
from mailer.errors import InputError

# The mark moves at least so often while work is looked for: less is lost unnoticed.
STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Epoch:
    """Which database this is, and the last moment at which it is known to have lived."""

    identity: str
    mark: datetime


def epoch_text(epoch: Epoch) -> str:
    """Write an epoch as the one line of its file."""
    return f"{epoch.identity} {epoch.mark.isoformat()}\n"


def read_epoch_text(text: str) -> Epoch:
    """Read the line again; raises InputError."""
    identity, _, moment = text.strip().partition(" ")
    try:
        mark = datetime.fromisoformat(moment)
    except ValueError:
        mark = None
    if not identity.isalnum() or mark is None or mark.tzinfo is None:
        raise InputError(f"'{clean_header(text, 80)}' is no epoch")
    return Epoch(identity, mark)


def next_mark(now: datetime, *known: Epoch | None) -> datetime:
    """Return a mark behind all known ones, also where the clock was set back."""
    tick = timedelta(microseconds=1)
    return max([now, *(epoch.mark + tick for epoch in known if epoch is not None)])


def why_strange(outside: Epoch | None, inside: Epoch | None) -> str:
    """Say why the database is not the one the file knows; "" when it is, or when both are new."""
    if inside is None:
        return "" if outside is None else "it is new, and this machine knows another"
    if outside is None:
        return "it has lived elsewhere, and this machine does not know it"
    if outside.identity != inside.identity:
        return "this machine knows another"
    if outside.mark > inside.mark:
        return (
            f"it ends at {inside.mark.isoformat(timespec='seconds')}, and this machine saw it at "
            f"{outside.mark.isoformat(timespec='seconds')}"
        )
    return ""
