"""From what a reader typed to a tag expression, or to one mistake she can mend.

OR binds weakest, then AND, then NOT. Every tag is resolved here, so an expression holds only slugs.
"""

import re
from collections.abc import Callable
from typing import Final

from mailer.core.expression_guesses import Run, unknown_tag, unknown_words
from mailer.core.expression_pictures import quotation, shown
from mailer.core.expression_terms import EVERYTHING, And, Expression, Not, Or, TagTerm
from mailer.core.expression_tokens import OPERATOR_WORDS, Mark, Token, tokens
from mailer.core.tags import Vocabulary
from mailer.errors import ExpressionError

# What a person can still read back.
MOST_CHARACTERS: Final = 1_000
# The slug of a known tag counts for no more than this: an alias that is resolved or a tag that is
# renamed must not make the canonical form of a follow too long to be read again. 60 such slugs with
# a NOT each and all their operators and parentheses are 900 characters.
_MOST_PER_SLUG: Final = 10
MOST_TERMS: Final = 60
# Six calls read one level, so 20 levels take an eighth of the stack Python grants by default.
MOST_NESTING: Final = 20
# 60 slugs of 80 characters with their operators and parentheses: nothing canonical is longer.
_MOST_CANONICAL: Final = 6_000

_OPERATORS: Final = (Mark.AND, Mark.OR, Mark.NOT)
_TERM_STARTS: Final = (Mark.WORD, Mark.LABEL, Mark.EVERYTHING, Mark.NOT, Mark.OPEN)


def parse(text: str, vocabulary: Vocabulary) -> Expression:
    """Return the expression as written, with every tag resolved to its slug.

    Raises ExpressionError, pointing at the character, and nothing else whatever the text: at most
    1,000 characters (the slug of a known tag counts for at most 10), 60 terms and 20 levels.
    """
    _check_length(text, vocabulary)
    return _read_plain(text, vocabulary) or _Parser(text, vocabulary).whole()


def _read_plain(text: str, vocabulary: Vocabulary) -> Expression | None:
    """Read slugs as `a & !b` or `(a | b) & c`; None for all else, also for every mistake.

    Most follows look like that, and a planner reads one or two for each reader that it had not
    read before: this takes 4 µs, the parser 60.
    """
    if text.count("&") + text.count("|") >= MOST_TERMS:
        return None

    def tag(word: str) -> Expression | None:
        slug = word.removeprefix("!")
        if slug not in vocabulary or slug in OPERATOR_WORDS:
            return None
        return TagTerm(slug) if slug == word else Not(TagTerm(slug))

    def either(words: str) -> Expression | None:
        return _joined(words.split("|"), tag, Or)

    def part(words: str) -> Expression | None:
        in_group = words.startswith("(") and words.endswith(")")
        return either(words[1:-1]) if in_group else tag(words)

    return _joined(text.split("&"), part, And) or either(text)


def _joined(
    words: list[str], read: Callable[[str], Expression | None], group: type[And] | type[Or]
) -> Expression | None:
    terms = []
    for each in words:
        term = read(each.strip(" "))
        if term is None:
            return None
        terms.append(term)
    return terms[0] if len(terms) == 1 else group(tuple(terms))


def _check_length(text: str, vocabulary: Vocabulary) -> None:
    count = len(text)
    if MOST_CHARACTERS < count <= _MOST_CANONICAL:
        words = re.split(r'[\s&|!()"]+', text)
        slugs = (word for word in words if word in vocabulary)
        count -= sum(max(0, len(slug) - _MOST_PER_SLUG) for slug in slugs)
    if count > MOST_CHARACTERS:
        raise ExpressionError(
            f"this expression has {len(text):,} characters, {MOST_CHARACTERS:,} are allowed: "
            "shorten it, or make several follows of it",
            text=text,
            position=MOST_CHARACTERS,
        )


class _Parser:
    """One pass over the tokens; each method reads one level of the grammar."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self._text = text
        self._vocabulary = vocabulary
        self._tokens = tuple(tokens(text))
        self._next = 0
        self._term_count = 0
        self._nesting = 0

    def whole(self) -> Expression:
        if self._is_at(Mark.END):
            raise self._mistake("there is no tag here: write one, or * for everything", 0)
        expression = self._either()
        if self._is_at(Mark.CLOSE):
            raise self._closing_nothing()
        return expression

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    @property
    def _previous(self) -> Token | None:
        return self._tokens[self._next - 1] if self._next else None

    def _is_at(self, *marks: Mark) -> bool:
        return self._token.mark in marks

    def _take(self) -> Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _either(self) -> Expression:
        terms = [self._both()]
        while self._is_at(Mark.OR):
            self._take()
            terms.append(self._both())
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def _both(self) -> Expression:
        terms = [self._term()]
        while self._is_at(Mark.AND, *_TERM_STARTS):
            if not self._is_at(Mark.AND):
                raise self._unjoined()
            self._take()
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def _term(self) -> Expression:
        token = self._token
        match token.mark:
            case Mark.NOT:
                self._take()
                if self._is_at(Mark.NOT, Mark.OPEN):
                    return Not(self._nested(token, self._term))
                return Not(self._term())
            case Mark.OPEN:
                self._take()
                return self._nested(token, lambda: self._group(token))
            case Mark.EVERYTHING:
                self._count(token)
                self._take()
                return EVERYTHING
            case Mark.LABEL:
                self._count(token)
                return self._label(self._take())
            case Mark.WORD:
                self._count(token)
                return self._words()
            case _:
                raise self._missing_term()

    def _group(self, opening: Token) -> Expression:
        if self._is_at(Mark.CLOSE):
            raise self._mistake(
                "nothing stands in these parentheses: fill or remove them", opening.start
            )
        expression = self._either()
        if not self._is_at(Mark.CLOSE):
            raise self._never_closed(opening)
        self._take()
        return expression

    def _label(self, token: Token) -> Expression:
        found = self._vocabulary.resolve(token.text)
        if found:
            return TagTerm(found.slug)
        label = token.text.strip()
        if not shown(label):
            raise self._mistake(
                "nothing stands in these quotes: write a label there", token.start - 1
            )
        raise unknown_tag(
            self._text, label, token.start + token.text.index(label), self._vocabulary
        )

    def _words(self) -> Expression:
        """Read all words up to the next sign: together they must be one label."""
        first = self._next
        while self._is_at(Mark.WORD):
            self._take()
        words = Run(self._text, self._tokens, first, self._next)
        found = self._vocabulary.resolve(words.written)
        if found is None:
            raise unknown_words(words, self._vocabulary)
        return TagTerm(found.slug)

    def _count(self, token: Token) -> None:
        self._term_count += 1
        if self._term_count > MOST_TERMS:
            raise self._mistake(
                f"this is tag {self._term_count}, {MOST_TERMS} are allowed: "
                "make several follows of it, or follow a tag that stands above these",
                token.start,
            )

    def _nested(self, token: Token, read: Callable[[], Expression]) -> Expression:
        self._nesting += 1
        if self._nesting > MOST_NESTING:
            raise self._mistake(
                f"parentheses and negations stand {self._nesting} deep here, {MOST_NESTING} levels "
                "are allowed: write it flatter",
                token.start,
            )
        expression = read()
        self._nesting -= 1
        return expression

    def _mistake(self, message: str, position: int) -> ExpressionError:
        return ExpressionError(message, text=self._text, position=position)

    def _missing_term(self) -> ExpressionError:
        token, previous = self._token, self._previous
        if previous is None or previous.mark is Mark.OPEN:
            if previous and token.mark is Mark.END:
                return self._never_closed(previous)
            if token.mark is Mark.CLOSE:
                return self._closing_nothing()
            return self._mistake(
                f"nothing stands before {quotation(token.text)}: put a tag there, or remove it",
                token.start,
            )
        if token.mark in _OPERATORS:
            return self._mistake(
                f"{quotation(token.text)} stands right after {quotation(previous.text)}: "
                "put a tag between them, or remove one",
                token.start,
            )
        return self._mistake(
            f"nothing follows {quotation(previous.text)}: put a tag there, or remove it",
            previous.start,
        )

    def _never_closed(self, opening: Token) -> ExpressionError:
        return self._mistake("this parenthesis is never closed: add ) or remove it", opening.start)

    def _closing_nothing(self) -> ExpressionError:
        return self._mistake(
            "this parenthesis closes nothing: add ( before it, or remove it", self._token.start
        )

    def _unjoined(self) -> ExpressionError:
        token = self._token
        if token.mark is Mark.EVERYTHING and self._previous and self._previous.end == token.start:
            return self._mistake(
                "* stands for everything, not for the rest of a word: remove it; "
                "a tag brings along all tags below it",
                token.start,
            )
        return self._mistake(
            f"nothing joins this to what stands before it: put & (both) or | (either) "
            f"before {quotation(token.text)}",
            token.start,
        )
