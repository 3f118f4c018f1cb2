"""What a tag expression is made of. `expressions` is the front door; import from there."""

from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Everything:
    """Every story, whatever its tags: `*`."""


@dataclass(frozen=True, slots=True)
class TagTerm:
    """The stories with this tag or one below it."""

    slug: str


@dataclass(frozen=True, slots=True)
class Not:
    """The stories its term leaves."""

    term: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """The stories that every term takes; without terms: everything."""

    terms: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """The stories that any term takes; without terms: nothing."""

    terms: "tuple[Expression, ...]"


Expression: TypeAlias = Everything | TagTerm | Not | And | Or

EVERYTHING: Final = Everything()
NOTHING: Final = Not(EVERYTHING)
