"""What the parts of a mail say, each from no more than it depends on.

Both ways of making a mail ask here, so that they cannot say different things. Whatever a story
holds, something can be said of it.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from mailer.core.digests import Reason, Section
from mailer.core.hygiene import clean_header
from mailer.core.readers import Cadence, Newsletter
from mailer.core.stories import Story
from mailer.core.tags import Vocabulary
from mailer.render.extracts import extract
from mailer.render.languages import language_of, same_language
from mailer.render.links import usable_address
from mailer.render.speech import Speech, in_zone, speech_of
from mailer.render.views import ReferenceView
from mailer.render.wire import shorten
from mailer.render.wording import HEADING_WEIGHT, Wording

# Limits in characters keep a page readable, limits in bytes on the wire keep a mail small.
_TITLE: Final = (300, 1_800)
_SUMMARY: Final = (600, 4_500)
_FACT: Final = (120, 400)
REFERENCE: Final = (100, 300)
REFERENCE_URL: Final = 300
MOST_REFERENCES: Final = 2
NAME: Final = (80, 240)
EMAIL: Final = (254, 320)
PREHEADER: Final = (130, 400)
# With 'and 10 more stories' behind it, it stays under the 200 characters of a subject.
SUBJECT_TITLE: Final = 120
_HEADLINE: Final = 90
# As many headlines as a preheader has room for, without the first, which is the subject.
TITLES_BEFORE: Final = 5


def clean(text: str, limits: tuple[int, int]) -> str:
    """Return one harmless line of at most so many characters and so many bytes on the wire."""
    return shorten(clean_header(text, limits[0]), limits[1])


class Sayings:
    """Says what stands in the mails of one newsletter and cadence, in one locale."""

    def __init__(
        self, newsletter: Newsletter, cadence: Cadence, locale: str, vocabulary: Vocabulary
    ) -> None:
        self.newsletter = newsletter
        self.speech: Speech = speech_of(locale)
        self.wording = Wording(vocabulary, self.speech)
        self._with_time = cadence.kind == "alert"

    def name(self) -> str:
        """Return the name of the newsletter."""
        return clean_header(self.newsletter.name)

    def day(self, at: datetime, zone: ZoneInfo) -> str:
        """Return the date of a mail, as it is in this zone."""
        return self.speech.weekday(in_zone(at, zone))

    def stories(self, count: int) -> str:
        """Return '11 stories for you'."""
        return self.speech.say_count("{count} story for you", "{count} stories for you", count)

    def others(self, count: int) -> str:
        """Return 'and 10 more stories' when that many stand behind the first, else nothing."""
        if count < 1:
            return ""
        return self.speech.say_count("and {count} more story", "and {count} more stories", count)

    def place(self, lead: Story, reasons: Sequence[Reason]) -> str:
        """Return what an alert is about, empty when the headline says so itself."""
        place = self.wording.place(lead, reasons)
        return "" if self.title(lead).casefold().startswith(place.casefold()) else place

    def subject_title(self, lead: Story) -> str:
        """Return the headline as it stands in a subject."""
        return clean_header(self.title(lead), SUBJECT_TITLE)

    def headline(self, story: Story) -> str:
        """Return the headline as it stands among others before a mail is opened."""
        return clean_header(self.title(story), _HEADLINE)

    def preheader(self, lead: Story, headlines: Sequence[str]) -> str:
        """Return what is shown behind the subject: the headlines after the first, or its summary.

        `headlines` are those of the second to the fifth story.
        """
        if not headlines:
            return clean(self.summary(lead), PREHEADER)
        return clean(self.speech.say("Also: {titles}", titles=" · ".join(headlines)), PREHEADER)

    def heading(self, section: Section) -> str:
        """Return the heading of a section."""
        return self.wording.heading(section)

    @staticmethod
    def in_capitals(heading: str) -> str:
        """Return a heading for plain text."""
        return shorten(heading.upper(), HEADING_WEIGHT)

    def more(self, linked: int, *, told: bool) -> str:
        """Return what links to the stories without room, nothing when there are none."""
        if not linked:
            return ""
        if told:
            return self.others(linked)
        return self.speech.say_count("{count} story", "{count} stories", linked)

    def reason(self, reasons: Sequence[Reason]) -> str:
        """Return why a story is in the mail."""
        return self.wording.reason(reasons)

    def kicker(self, story: Story) -> str:
        """Return the line of places over a headline."""
        return self.wording.kicker(story)

    def title(self, story: Story) -> str:
        """Return the headline, or what stands in for one."""
        title = clean(story.title, _TITLE)
        return title or self.speech.say("A story without a headline")

    def summary(self, story: Story) -> str:
        """Return the summary, or the first words of the story."""
        return clean(story.summary, _SUMMARY) or clean(extract(story.body_html), _SUMMARY)

    def language(self, story: Story) -> tuple[str, str]:
        """Return the language to declare, empty when it is the mail's own, and the story's own."""
        language = language_of(story.language)
        return "" if same_language(language, self.speech.language) else language, language

    def facts(self, story: Story, zone: ZoneInfo) -> str:
        """Return dateline, byline and date in one line."""
        published = in_zone(story.published_at, zone)
        when = self.speech.day(published)
        if self._with_time:
            when = self.speech.say("{day}, {time}", day=when, time=self.speech.time(published))
        byline = clean(story.byline, _FACT)
        if byline:
            byline = self.speech.say("By {name}", name=byline.removeprefix("by "))
        return " · ".join(fact for fact in (clean(story.dateline, _FACT), byline, when) if fact)

    def see_also(self, story: Story, told: Collection[str]) -> tuple[ReferenceView, ...]:
        """Return the first older stories, as printed, without those of these folded titles."""
        found = [view for folded, view in self.references(story) if folded not in told]
        return tuple(found[:MOST_REFERENCES])

    def references(self, story: Story) -> Iterable[tuple[str, ReferenceView]]:
        """Yield all older stories that can be shown, each with its folded title."""
        for other in story.see_also:
            title, url = clean(other.title, REFERENCE), usable_address(other.url)
            if title:
                day = self.speech.short_day(other.published_on) if other.published_on else ""
                url = url if len(url) <= REFERENCE_URL else ""
                yield title.casefold(), ReferenceView(title, url, day)

    @staticmethod
    def folded_title(story: Story) -> str:
        """Return a headline as references are compared with it."""
        return clean(story.title, REFERENCE).casefold()
