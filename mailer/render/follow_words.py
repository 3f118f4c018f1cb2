"""What a reader follows, as pages and notices say it to her: in words, with its rhythm."""

from mailer.core.expressions import canonical, parse
from mailer.core.readers import Cadence, Wanted
from mailer.core.tags import Vocabulary
from mailer.errors import ExpressionError
from mailer.render.speech import speech_of
from mailer.render.wording import Wording


class FollowWords:
    """Says follows in one language, with the labels of one vocabulary: no text of hers (S5)."""

    def __init__(self, vocabulary: Vocabulary, locale: str) -> None:
        self._vocabulary = vocabulary
        self._speech = speech_of(locale)
        self._wording = Wording(vocabulary, self._speech)

    def topic(self, expression: str) -> str:
        """Return an expression in words: 'China and North Korea'; "" when a tag of it is gone."""
        try:
            meaning = canonical(parse(expression, self._vocabulary))
        except ExpressionError:
            return ""
        return self._wording.title(meaning, expression)

    def cadence(self, cadence: Cadence) -> str:
        """Return a rhythm in words."""
        match cadence:
            case Cadence.INSTANT:
                return self._speech.say("as it happens")
            case Cadence.DAILY:
                return self._speech.say("every day")
            case Cadence.WEEKLY:
                return self._speech.say("once a week")
            case Cadence.MONTHLY:
                return self._speech.say("once a month")
            case Cadence.LETTER:
                raise ValueError("a letter answers no follow")

    def follow(self, wanted: Wanted) -> str:
        """Return a follow in words: 'China and North Korea, every day'."""
        # Translators: a topic and how often it comes, such as "Japan, once a week"
        return self._speech.say(
            "{topic}, {cadence}",
            topic=self.topic(wanted.expression),
            cadence=self.cadence(wanted.cadence),
        )

    def label(self, slug: str) -> str:
        """Return what readers see for a tag."""
        return self._wording.label(slug)
