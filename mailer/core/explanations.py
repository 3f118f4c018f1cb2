"""Why an expression does not match a story's tags, in words."""

from collections.abc import Collection, Sequence

from mailer.core.expressions import And, Everything, Expression, Not, Or, in_words, matches
from mailer.core.tags import Vocabulary


def why_not(expression: Expression, tags: Collection[str], vocabulary: Vocabulary) -> Sequence[str]:
    """Return the parts that keep the story out, in the writer's order; empty when it matches.

    "the story has no north-korea", "the story has sport, which is excluded".
    """
    while isinstance(expression, Not) and isinstance(expression.term, Not):
        expression = expression.term.term
    if matches(expression, tags, vocabulary):
        return ()
    match expression:
        case And(terms):
            return [why for term in terms for why in why_not(term, tags, vocabulary)]
        case Or():
            return [f"the story has none of {in_words(expression)}"]
        case Not(Everything()):
            return ["the expression excludes everything"]
        case Not(term):
            return [f"the story has {in_words(term)}, which is excluded"]
        case _:
            return [f"the story has no {in_words(expression)}"]
