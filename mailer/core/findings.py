"""What an examination of an installation finds: one line each, with the mend."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """OK, or what it would cost to leave it so: WARN mail that suffers, FAIL mail that fails."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was found, and how to mend it.

    `away` when a service did not answer, which may have nothing to do with this installation.
    """

    level: Level
    subject: str
    found: str
    mend: str = ""
    away: bool = False


def ok(subject: str, found: str) -> Finding:
    """Say that all is well with the subject."""
    return Finding(Level.OK, subject, found)


def warn(subject: str, found: str, mend: str) -> Finding:
    """Say what will make mail suffer."""
    return Finding(Level.WARN, subject, found, mend)


def fail(subject: str, found: str, mend: str, *, away: bool = False) -> Finding:
    """Say what will make mail fail."""
    return Finding(Level.FAIL, subject, found, mend, away)
