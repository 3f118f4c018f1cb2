"""What a mail says in words: headings, reasons and kickers, with labels instead of slugs."""

from collections.abc import Sequence
from typing import Final

from mailer.core.digests import Reason, Section
from mailer.core.expressions import (
    EVERYTHING,
    And,
    Everything,
    Expression,
    Joints,
    Not,
    Or,
    TagTerm,
    canonical,
    in_words,
    parse,
)
from mailer.core.hygiene import clean_header
from mailer.core.stories import Story
from mailer.core.tags import Vocabulary
from mailer.errors import ExpressionError
from mailer.render.memory import Memory
from mailer.render.speech import Speech
from mailer.render.wire import shorten, wire_length

# Bytes on the wire, so that a digest of many items has room for them: see `wire`.
HEADING_WEIGHT: Final = 300
REASON_WEIGHT: Final = 160
_KICKER_WEIGHT: Final = 500
_LONGEST: Final = 1_000


class Wording:
    """Says what readers follow, in one language and with the labels of one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, speech: Speech) -> None:
        self._vocabulary = vocabulary
        self._speech = speech
        self._memory = Memory()
        self._joints = Joints(
            both=speech.say("AND"),
            either=speech.say("OR"),
            without=speech.translations.gettext("NOT {words}"),
            everything=speech.say("everything"),
            nothing=speech.say("nothing"),
        )

    def heading(self, section: Section) -> str:
        """Return the heading of a section: 'China and North Korea', 'Japan or Taiwan — Trade'."""
        reasons = (reason for item in section.items for reason in item.reasons)
        own = next((reason for reason in reasons if reason.follow_id == section.follow_id), None)
        read = self._read(section.expression, own.words if own else "")
        said = self._heading(read) if read is not None else (own.words if own else "")
        return shorten(clean_header(said or section.expression, _LONGEST), HEADING_WEIGHT)

    def title(self, expression: str, words: str) -> str:
        """Return a follow as a heading says it: canonical text, and what she wrote."""
        read = self._read(expression, words)
        return shorten(clean_header(self._heading(read), _LONGEST), HEADING_WEIGHT) if read else ""

    def reason(self, reasons: Sequence[Reason]) -> str:
        """Return why a story is here: 'You follow China AND North Korea, and Trade'."""
        said = [self._words(reason) for reason in reasons]
        first = self._speech.say("You follow {words}", words=said[0] if said else "")
        if len(said) > 1:
            both = self._speech.say("{first}, and {second}", first=first, second=said[1])
            if len(said) == 2 and wire_length(both) <= REASON_WEIGHT:
                return both
            others = self._speech.say_count(
                "{count} other follow of yours matches too",
                "{count} other follows of yours match too",
                len(said) - 1,
            )
            left = REASON_WEIGHT - wire_length(others) - 2
            return f"{shorten(first, left)}; {others}"
        return shorten(first, REASON_WEIGHT)

    def kicker(self, story: Story) -> str:
        """Return the line of places over a headline: 'China – North Korea'."""
        labels = (self.label(slug) for slug in story.kicker)
        return shorten(" – ".join(label for label in labels if label), _KICKER_WEIGHT)

    def place(self, story: Story, reasons: Sequence[Reason]) -> str:
        """Return the one place an alert names: the first of the kicker that she wrote down."""
        for reason in reasons:
            read = self._read(reason.expression, reason.words)
            named = _wanted(read) if read is not None else ()
            for slug in story.kicker:
                if slug in named:
                    return self.label(slug)
        return self.label(story.kicker[0]) if story.kicker else ""

    def label(self, slug: str) -> str:
        """Return what readers see for a slug."""
        return clean_header(self._vocabulary.label(slug), 80)

    def _words(self, reason: Reason) -> str:
        read = self._read(reason.expression, reason.words)
        said = in_words(read, self.label, self._joints) if read is not None else reason.words
        return clean_header(said, _LONGEST)

    def _read(self, expression: str, words: str) -> Expression | None:
        """Read her words, which keep her order, or what they mean; None when a tag is gone."""
        read: Expression | None = self._memory.say(
            (expression, words), lambda: self._parse(expression, words)
        )
        return read

    def _parse(self, expression: str, words: str) -> Expression | None:
        if expression == "*":
            return EVERYTHING
        for text in (words, expression):
            try:
                read = parse(text, self._vocabulary)
            except ExpressionError:
                continue
            if text == expression or canonical(read) == expression:
                return read
        return None

    def _heading(self, expression: Expression) -> str:
        match expression:
            case Everything():
                said = self._speech.say("All stories")
            case TagTerm(slug):
                said = self.label(slug)
            case And(terms) if all(map(_is_flat, terms)):
                said = self._both(terms)
            case Not(term) if _is_flat(expression):
                said = self._speech.say("All stories, without {words}", words=self._either((term,)))
            case Or(terms) if _is_tags_or(expression):
                said = self._either(terms)
            case Or(terms) if all(isinstance(t, TagTerm) or _is_plain_and(t) for t in terms):
                heads = [self._heading(term) for term in terms]
                said = self._speech.say(
                    "{first}, or {last}", first=self._row(heads), last=heads[-1]
                )
            case _:
                said = in_words(expression, self.label, self._joints)
        return said

    def _both(self, terms: Sequence[Expression]) -> str:
        """Say what must all hold: tags joined by 'and', alternatives behind a dash."""
        parts: list[str] = []
        tags: list[str] = []
        unwanted: list[Expression] = []
        for term in terms:
            match term:
                case TagTerm(slug):
                    tags.append(self.label(slug))
                    continue
                case Not(inner):
                    unwanted.append(inner)
                    continue
            parts += [self._all(tags)] if tags else []
            tags = []
            parts.append(self._heading(term))
        parts += [self._all(tags)] if tags else []
        said = " — ".join(parts) or self._speech.say("All stories")
        if unwanted:
            words = self._either(unwanted)
            return self._speech.say("{heading}, without {words}", heading=said, words=words)
        return said

    def _either(self, terms: Sequence[Expression]) -> str:
        flat = [slug for term in terms for slug in _slugs(term)]
        labels = [self.label(slug) for slug in flat]
        if len(labels) < 2:
            return labels[0] if labels else ""
        return self._speech.say("{first} or {last}", first=self._row(labels), last=labels[-1])

    def _all(self, labels: Sequence[str]) -> str:
        if len(labels) < 2:
            return labels[0] if labels else ""
        return self._speech.say("{first} and {last}", first=self._row(labels), last=labels[-1])

    def _row(self, labels: Sequence[str]) -> str:
        """Return all but the last, between commas."""
        # Translators: what stands between the items of a list
        return self._speech.say(", ").join(labels[:-1])


def _is_flat(term: Expression) -> bool:
    """Say whether a term is a tag, tags to choose from, or one of these unwanted."""
    match term:
        case Not(inner):
            return isinstance(inner, TagTerm) or _is_tags_or(inner)
        case _:
            return isinstance(term, TagTerm | Everything) or _is_tags_or(term)


def _is_tags_or(term: Expression) -> bool:
    return isinstance(term, Or) and all(isinstance(each, TagTerm) for each in term.terms)


def _is_plain_and(term: Expression) -> bool:
    return isinstance(term, And) and all(isinstance(each, TagTerm) for each in term.terms)


def _slugs(term: Expression) -> tuple[str, ...]:
    match term:
        case TagTerm(slug):
            return (slug,)
        case Or(terms):
            return tuple(slug for each in terms for slug in _slugs(each))
        case _:
            return ()


def _wanted(expression: Expression) -> tuple[str, ...]:
    """Return the slugs she asked for, in her order, without those she did not want."""
    match expression:
        case TagTerm(slug):
            return (slug,)
        case And(terms) | Or(terms):
            return tuple(slug for term in terms for slug in _wanted(term))
        case _:
            return ()
