"""What lint finds: where, how bad, in whose client, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum


class Level(IntEnum):
    """How bad: a note is worth knowing, a warning is seen by readers, an error stops a release."""

    NOTE = 1
    WARN = 2
    ERROR = 3

    @property
    def word(self) -> str:
        """Return the word for people and programs."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing. `line` counts from 1 in `file`, 0 when it is about the whole.

    `clients` are those that suffer, empty when all do; `count` is how often it occurs.
    """

    rule: str
    level: Level
    message: str
    mend: str
    line: int = 0
    file: str = ""
    clients: tuple[str, ...] = ()
    count: int = 1


def gathered(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings worst first, each once, at the place where it occurs first."""
    known: dict[tuple[str, str, str], Finding] = {}
    for finding in findings:
        key = finding.rule, finding.message, finding.file
        first = known.get(key)
        known[key] = finding if first is None else replace(first, count=first.count + finding.count)
    return sorted(known.values(), key=lambda each: (-each.level, each.file, each.line, each.rule))
