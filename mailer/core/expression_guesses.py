"""What a reader may have meant by words that are no tag, said so that she can mend it."""

from dataclasses import dataclass
from typing import Final

from mailer.core.expression_pictures import quotation
from mailer.core.expression_tokens import OPERATOR_WORDS, Mark, Token
from mailer.core.tags import Vocabulary
from mailer.errors import ExpressionError

# Longer runs of words are no labels and no forgotten operators: they are a sentence.
_LONGEST_RUN: Final = 12
# How far around an AND a label is looked for: 'saint vincent and the grenadines' needs three words.
_REACH: Final = 6

_JOIN: Final = "between two tags put & (both) or | (either), around a label put quotes"


@dataclass(frozen=True, slots=True)
class Run:
    """The words [first, end) of the tokens of a text, with nothing between them."""

    text: str
    tokens: tuple[Token, ...]
    first: int
    end: int

    @property
    def written(self) -> str:
        """The words as they stand in the text."""
        return self.text[self.tokens[self.first].start : self.tokens[self.end - 1].end]

    @property
    def start(self) -> int:
        """The position of the first character."""
        return self.tokens[self.first].start

    def part(self, first: int, end: int) -> "Run":
        """Return the run of other tokens of the same text."""
        return Run(self.text, self.tokens, first, end)


def unknown_tag(text: str, label: str, position: int, vocabulary: Vocabulary) -> ExpressionError:
    """Return the error for a label that is no tag, with the nearest tags."""
    near = vocabulary.nearest(label)
    mend = _did_you_mean(near) if near else "check its spelling, or choose one of the known tags"
    return ExpressionError(
        f"unknown tag {quotation(label)}: {mend}", text=text, position=position, suggestions=near
    )


def unknown_words(words: Run, vocabulary: Vocabulary) -> ExpressionError:
    """Return the error for a run of words that is no label.

    It points at the word before which an operator is missing, or at the only or first word.
    """
    around = _label_around(words, vocabulary)
    if around:
        return ExpressionError(
            f"unknown tag {quotation(words.written)}: {_did_you_mean((around,))} "
            "A label that holds AND, OR or NOT needs dashes or quotes",
            text=words.text,
            position=words.start,
            suggestions=(around,),
        )
    if words.end - words.first == 1:
        return unknown_tag(words.text, words.written, words.start, vocabulary)
    splits = _splits(words, words.first, vocabulary)
    if len(splits) == 1:
        slugs = [slug for _, slug in splits[0]]
        return ExpressionError(
            f"nothing joins these tags: write '{' & '.join(slugs)}' for stories with all of them, "
            f"or '{' | '.join(slugs)}' for stories with any",
            text=words.text,
            position=words.tokens[splits[0][1][0]].start,
        )
    return _side_by_side(words, vocabulary)


def _side_by_side(words: Run, vocabulary: Vocabulary) -> ExpressionError:
    cuts = range(min(words.end, words.first + _LONGEST_RUN) - 1, words.first, -1)
    known = next((cut for cut in cuts if _slug(words.part(words.first, cut), vocabulary)), None)
    doubtful = words.part(known, words.end) if known else words
    near = vocabulary.nearest(doubtful.written)
    mend = f"{_did_you_mean(near)} Else {_JOIN}" if near else _JOIN
    return ExpressionError(
        f"unknown tag {quotation(doubtful.written)}: {mend}",
        text=words.text,
        position=words.tokens[known or words.first + 1].start,
        suggestions=near,
    )


def _splits(words: Run, first: int, vocabulary: Vocabulary) -> list[tuple[tuple[int, str], ...]]:
    """Return the ways to cut the words from `first` on into tags, as (first word, slug) each."""
    if words.end - words.first > _LONGEST_RUN:
        return []
    if first == words.end:
        return [()]
    return [
        ((first, slug), *rest)
        for cut in range(first + 1, words.end + 1)
        if (slug := _slug(words.part(first, cut), vocabulary))
        for rest in _splits(words, cut, vocabulary)
    ]


def _label_around(words: Run, vocabulary: Vocabulary) -> str | None:
    """Return the tag whose label an operator word cut apart, as in bosnia and herzegovina."""
    low, high = words.first, words.end
    while low > max(0, words.first - _REACH) and _is_wordlike(words.tokens[low - 1]):
        low -= 1
    while high < words.end + _REACH and _is_wordlike(words.tokens[high]):
        high += 1
    for first in range(low, words.first + 1):
        for end in range(high, words.end - 1, -1):
            slug = _slug(words.part(first, end), vocabulary)
            if slug:
                return slug
    return None


def _is_wordlike(token: Token) -> bool:
    return token.mark is Mark.WORD or token.text.casefold() in OPERATOR_WORDS


def _slug(words: Run, vocabulary: Vocabulary) -> str | None:
    found = vocabulary.resolve(words.written)
    return found.slug if found else None


def _did_you_mean(slugs: tuple[str, ...]) -> str:
    quoted = [f"'{slug}'" for slug in slugs]
    listed = " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))
    return f"did you mean {listed}?"
