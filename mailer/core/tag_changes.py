"""Changes of tags, and an expression written out in its own order."""

from dataclasses import dataclass
from enum import StrEnum

from mailer.core.expression_tokens import OPERATOR_WORDS
from mailer.core.expressions import And, Everything, Expression, Not, Or, TagTerm
from mailer.core.readers import Cadence


class TagChangeKind(StrEnum):
    """RENAME gives a tag another name, MERGE makes two one, ALIAS adds a spelling, PARENT moves."""

    RENAME = "rename"
    MERGE = "merge"
    ALIAS = "alias"
    PARENT = "parent"


@dataclass(frozen=True, slots=True)
class TagChange:
    """What an operator asks for: `subject` is changed, `target` is its new name, tag or parent.

    Of an ALIAS `subject` is the new spelling and `target` the tag. Without a target a PARENT
    change takes the tag out from under its parent.
    """

    kind: TagChangeKind
    subject: str
    target: str


@dataclass(frozen=True, slots=True)
class ChangedFollow:
    """One follow before and after; the words are equal when only its reach changed."""

    reader_id: int
    subscription_id: int
    newsletter: str
    cadence: Cadence
    before: str
    after: str


def written(expression: Expression) -> str:
    """Return an expression as text in its own order, which `parse` reads back to it."""
    match expression:
        case Everything():
            return "*"
        case TagTerm(slug):
            return f'"{slug}"' if slug in OPERATOR_WORDS else slug
        case Not(And() | Or() as group):
            return f"!({written(group)})"
        case Not(term):
            return f"!{written(term)}"
        case And(terms) | Or(terms):
            # Two tags that became one stand here twice.
            distinct = tuple(dict.fromkeys(terms))
            joint = " | " if isinstance(expression, Or) else " & "
            return joint.join(map(_grouped, distinct))


def _grouped(term: Expression) -> str:
    said = written(term)
    # Of a group that fell to one tag no parentheses are left.
    return f"({said})" if isinstance(term, Or) and len(set(term.terms)) > 1 else said
