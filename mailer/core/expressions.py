"""Tag expressions: which stories a reader follows, mutes, or gets with a newsletter.

The front door to all of it: read (`parse`), compare (`canonical`), say (`in_words`), decide for one
story (`matches`). Deciding for a window of stories at once is left to `matching`.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mailer.core.expression_parser import MOST_CHARACTERS, MOST_NESTING, MOST_TERMS, parse
from mailer.core.expression_pictures import point_at
from mailer.core.expression_terms import (
    EVERYTHING,
    NOTHING,
    And,
    Everything,
    Expression,
    Not,
    Or,
    TagTerm,
)
from mailer.core.expression_tokens import OPERATOR_WORDS
from mailer.core.tags import Vocabulary

__all__ = [
    "EVERYTHING",
    "MOST_CHARACTERS",
    "MOST_NESTING",
    "MOST_TERMS",
    "NOTHING",
    "And",
    "Everything",
    "Expression",
    "Joints",
    "Not",
    "Or",
    "TagTerm",
    "canonical",
    "canonical_text",
    "in_words",
    "matches",
    "never_matches",
    "normalise",
    "parse",
    "point_at",
    "rewrite",
    "tags_of",
]

# Tags first, then groups, then what is left out: 'trade & (japan | taiwan) & !sport'.
_GROUPS: Final = (And, Or)
_RANK: Final = {TagTerm: 0, And: 1, Or: 1, Not: 2, Everything: 3}


def normalise(expression: Expression) -> Expression:
    """Return the canonical form: the same for whatever order, grouping and repetition was written.

    NOT stands only before tags; AND within AND is one; terms are sorted, each once; `a | a & b` is
    `a`; what always holds is `*` and what never holds `!*`. Purely by shape: no tag is replaced by
    its parents, and nothing is multiplied out, so the result is never larger than what was written.
    """
    return _normal(expression, negated=False)


def canonical(expression: Expression) -> str:
    """Return the canonical form as text, which `parse` reads back to `normalise(expression)`."""
    return canonical_text(normalise(expression))


def canonical_text(normal: Expression) -> str:
    """Return the text of an expression that is in canonical form already."""
    match normal:
        case Everything():
            return "*"
        case TagTerm(slug):
            return f'"{slug}"' if slug in OPERATOR_WORDS else slug
        case Not(term):
            return f"!{canonical_text(term)}"
        case And(terms):
            return " & ".join(
                f"({canonical_text(t)})" if isinstance(t, Or) else canonical_text(t) for t in terms
            )
        case Or(terms):
            return " | ".join(map(canonical_text, terms))


def never_matches(expression: Expression, vocabulary: Vocabulary | None = None) -> bool:
    """Say whether no story can match, as with `a & !a`.

    With a vocabulary also `china & !asia`, as every story about China is about Asia. Contradictions
    that only multiplying out would show are not found: False promises nothing.
    """
    return _is_hopeless(normalise(expression), vocabulary)


@dataclass(frozen=True, slots=True)
class Joints:
    """The words of an expression that are no tags, in a reader's language."""

    both: str = "AND"
    either: str = "OR"
    without: str = "NOT {words}"
    everything: str = "everything"
    nothing: str = "nothing"


_ENGLISH: Final = Joints()
# Slugs are letters, digits and dashes; all else in a canonical form is a mark of ours.
_BETWEEN_SLUGS: Final = re.compile(r'[ &|!()"*]+')


def in_words(
    expression: Expression, name: Callable[[str], str] = str, joints: Joints = _ENGLISH
) -> str:
    """Return the expression as a reader would say it, in her order; `name` gives a slug's label.

    An AND within an OR gets parentheses too: who reads this need not know which binds stronger.
    """
    match expression:
        case Everything():
            return joints.everything
        case TagTerm(slug):
            return name(slug)
        case Not(Everything()):
            return joints.nothing
        case Not(term):
            return joints.without.format(words=_in_group(term, name, joints))
        case And(terms):
            said = [_in_group(term, name, joints, And) for term in terms]
            return f" {joints.both} ".join(said) or joints.everything
        case Or(terms):
            said = [_in_group(term, name, joints, Or) for term in terms]
            return f" {joints.either} ".join(said) or joints.nothing


def matches(expression: Expression, tags: Collection[str], vocabulary: Vocabulary) -> bool:
    """Say whether a story with these slugs matches; a tag brings along the tags above it."""
    carried = {*tags, *(above for tag in tags for above in vocabulary.ancestors(tag))}
    return _holds(expression, carried)


def tags_of(expression: Expression) -> frozenset[str]:
    """Return the slugs that stand in the expression, wanted or not."""
    match expression:
        case Everything():
            return frozenset()
        case TagTerm(slug):
            return frozenset((slug,))
        case Not(term):
            return tags_of(term)
        case And(terms) | Or(terms):
            return frozenset[str]().union(*map(tags_of, terms))


def slugs_in(canonical_form: str) -> frozenset[str]:
    """Return the slugs that stand in a text made by `canonical`, without parsing it."""
    return frozenset(filter(None, _BETWEEN_SLUGS.split(canonical_form)))


def rewrite(expression: Expression, replace: Mapping[str, str]) -> Expression:
    """Return the expression with slugs replaced, all at once: tags were renamed or merged."""
    match expression:
        case Everything():
            return expression
        case TagTerm(slug):
            return TagTerm(replace.get(slug, slug))
        case Not(term):
            return Not(rewrite(term, replace))
        case And(terms):
            return And(tuple(rewrite(term, replace) for term in terms))
        case Or(terms):
            return Or(tuple(rewrite(term, replace) for term in terms))


def _normal(expression: Expression, *, negated: bool) -> Expression:
    match expression:
        case Not(term):
            return _normal(term, negated=not negated)
        case And(terms) | Or(terms):
            group = And if isinstance(expression, And) is not negated else Or  # De Morgan
            return _joined((_normal(term, negated=negated) for term in terms), group)
        case _:
            return Not(expression) if negated else expression


def _joined(terms: Iterable[Expression], group: type[And] | type[Or]) -> Expression:
    """Join normal terms into one normal expression."""
    neutral, decisive = (EVERYTHING, NOTHING) if group is And else (NOTHING, EVERYTHING)
    members: set[Expression] = set()
    for term in terms:
        members.update(term.terms if isinstance(term, group) else (term,))
    members.discard(neutral)
    members = _unabsorbed(members)
    if decisive in members or _has_opposites(members):
        return decisive
    ordered = sorted(members, key=lambda term: (_RANK[type(term)], canonical_text(term)))
    if len(ordered) < 2:
        return ordered[0] if ordered else neutral
    return group(tuple(ordered))


def _parts(member: Expression) -> frozenset[Expression]:
    """Return what a member of a group is made of: all groups in it are of the opposite kind.

    So a member is absorbed by every other whose parts are among its own: `a` absorbs `a & b`.
    """
    return frozenset(member.terms if isinstance(member, _GROUPS) else (member,))


def _unabsorbed(members: set[Expression]) -> set[Expression]:
    groups = {member: _parts(member) for member in members if isinstance(member, _GROUPS)}
    if not groups:
        return members
    single = members - groups.keys()
    return single | {
        member
        for member, parts in groups.items()
        if parts.isdisjoint(single) and not any(other < parts for other in groups.values())
    }


def _has_opposites(members: set[Expression]) -> bool:
    """Say whether a member and its negation are both here: `a` and `!a`, or `a | b`, `!a` and `!b`.

    The negation of a group falls into members; each must be here, or be absorbed by one that is.
    Asked this way, the answer does not depend on how the members were grouped when written.
    """
    groups = [_parts(member) for member in members if isinstance(member, _GROUPS)]
    if not groups:
        # As nearly always: tags, wanted and not.
        return any(isinstance(member, Not) and member.term in members for member in members)

    def is_here(term: Expression) -> bool:
        parts = _parts(term)
        return not parts.isdisjoint(members) or any(group <= parts for group in groups)

    return any(
        all(is_here(_normal(part, negated=True)) for part in _parts(member)) for member in members
    )


def _is_hopeless(normal: Expression, vocabulary: Vocabulary | None) -> bool:
    match normal:
        case Or(terms):
            return all(_is_hopeless(term, vocabulary) for term in terms)
        case And(terms):
            wanted = tuple(term.slug for term in terms if isinstance(term, TagTerm))
            unwanted = {Not(TagTerm(above)) for above in _all_above(wanted, vocabulary)}
            return any(term in unwanted or _is_hopeless(term, vocabulary) for term in terms)
        case _:
            return normal == NOTHING


def _all_above(slugs: Iterable[str], vocabulary: Vocabulary | None) -> Iterator[str]:
    if vocabulary is not None:
        for slug in slugs:
            yield from vocabulary.ancestors(slug)


def _in_group(
    term: Expression,
    name: Callable[[str], str],
    joints: Joints,
    group: type[And] | type[Or] | None = None,
) -> str:
    words = in_words(term, name, joints)
    bare = not isinstance(term, And | Or) or len(term.terms) < 2
    return words if bare or (group and isinstance(term, group)) else f"({words})"


def _holds(expression: Expression, carried: Collection[str]) -> bool:
    match expression:
        case Everything():
            return True
        case TagTerm(slug):
            return slug in carried
        case Not(term):
            return not _holds(term, carried)
        case And(terms):
            return all(_holds(term, carried) for term in terms)
        case Or(terms):
            return any(_holds(term, carried) for term in terms)
