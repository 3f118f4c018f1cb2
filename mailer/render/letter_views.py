"""From a letter to the view its templates see. Whatever a story holds, a view can be made of it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from mailer.core.digests import Item, Section, Shown
from mailer.core.hygiene import clean_header
from mailer.core.letters import Letter
from mailer.core.stories import Story
from mailer.core.tags import Vocabulary
from mailer.errors import RenderError
from mailer.render.extracts import extract
from mailer.render.languages import direction_of, language_of, same_language
from mailer.render.links import Links, usable_address
from mailer.render.site import Site, address_lines
from mailer.render.speech import Speech, in_zone, speech_of, zone_of
from mailer.render.views import ItemView, MailView, ReferenceView, SectionView
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


def view_letter(letter: Letter, site: Site, links: Links, vocabulary: Vocabulary) -> MailView:
    """Return what the templates of a letter see.

    Raises RenderError for a letter without any told story.
    """
    return _Viewer(letter, site, links, vocabulary).mail()


def clean(text: str, limits: tuple[int, int]) -> str:
    """Return one harmless line of at most so many characters and so many bytes on the wire."""
    return shorten(clean_header(text, limits[0]), limits[1])


class _Viewer:
    def __init__(self, letter: Letter, site: Site, links: Links, vocabulary: Vocabulary) -> None:
        self._letter = letter
        self._site = site
        self._links = links
        self._speech: Speech = speech_of(letter.locale)
        self._zone = zone_of(letter.timezone, letter.newsletter.timezone)
        self._wording = Wording(vocabulary, self._speech)

    def mail(self) -> MailView:
        letter, speech, links = self._letter, self._speech, self._links
        told = list(self._told())
        if not told:
            raise RenderError(f"the letter '{letter.key}' tells no story: nothing to render")
        sections = tuple(self._section(section, told[0]) for section in letter.sections)
        items = tuple(item for section in sections for item in section.items)
        count = sum(len(section.items) for section in letter.sections)
        lead = told[0]
        newsletter = clean_header(letter.newsletter.name)
        return MailView(
            language=speech.language,
            direction=direction_of(speech.language),
            site=clean_header(self._site.name),
            newsletter=newsletter,
            newsletter_capitals=newsletter.upper(),
            day=speech.weekday(self._here(letter.as_of)),
            name=clean(letter.name, NAME),
            email=clean(letter.email, EMAIL),
            story_count=count,
            stories=speech.say_count("{count} story for you", "{count} stories for you", count),
            others=self._others(count - 1),
            place=self._place(lead),
            subject_title=clean_header(self._title(lead.story), SUBJECT_TITLE),
            preheader=self._preheader(told),
            lead=items[0],
            items=items,
            sections=sections,
            unsubscribe_url=links.unsubscribe(letter),
            preferences_url=links.preferences(letter),
            why_url=links.why(letter),
            view_url=links.view(letter),
            address_lines=address_lines(self._site),
        )

    def _told(self) -> Iterator[Item]:
        for section in self._letter.sections:
            yield from section.told

    def _section(self, section: Section, lead: Item) -> SectionView:
        heading = self._wording.heading(section)
        linked = len(section.linked)
        if section.told:
            more = self._speech.say_count(
                "and {count} more story", "and {count} more stories", linked
            )
        else:
            more = self._speech.say_count("{count} story", "{count} stories", linked)
        return SectionView(
            heading=heading,
            heading_capitals=shorten(heading.upper(), HEADING_WEIGHT),
            items=tuple(self._item(item, is_lead=item is lead) for item in section.told),
            more=more if linked else "",
            more_url=self._links.more(self._letter),
        )

    def _item(self, item: Item, *, is_lead: bool) -> ItemView:
        story, letter = item.story, self._letter
        is_full = item.shown is Shown.FULL
        language = language_of(story.language)
        kicker = self._wording.kicker(story)
        follow_id = item.reasons[0].follow_id if item.reasons else 0
        return ItemView(
            kicker=kicker,
            kicker_capitals=kicker.upper(),
            title=self._title(story),
            url=self._links.story(story),
            summary=self._summary(story) if is_full else "",
            facts=self._facts(story),
            language="" if same_language(language, self._speech.language) else language,
            direction=direction_of(language),
            see_also=self._see_also(story) if is_full and is_lead else (),
            reason=self._wording.reason(item.reasons),
            mute_url=self._links.mute(letter, follow_id, story),
            is_full=is_full,
            is_lead=is_lead,
            is_urgent=story.urgent,
        )

    def _title(self, story: Story) -> str:
        title = clean(story.title, _TITLE)
        return title or self._speech.say("A story without a headline")

    def _summary(self, story: Story) -> str:
        return clean(story.summary, _SUMMARY) or clean(extract(story.body_html), _SUMMARY)

    def _facts(self, story: Story) -> str:
        published = self._here(story.published_at)
        when = self._speech.day(published)
        if self._letter.cadence.kind == "alert":
            when = self._speech.say("{day}, {time}", day=when, time=self._speech.time(published))
        byline = clean(story.byline, _FACT)
        if byline:
            byline = self._speech.say("By {name}", name=byline.removeprefix("by "))
        return " · ".join(fact for fact in (clean(story.dateline, _FACT), byline, when) if fact)

    def _here(self, at: datetime) -> datetime:
        return in_zone(at, self._zone)

    def _see_also(self, story: Story) -> tuple[ReferenceView, ...]:
        """Return the first older stories, as printed, that are not in this mail as well."""
        told = {clean(item.story.title, REFERENCE).casefold() for item in self._told()}
        found = []
        for other in story.see_also:
            title, url = clean(other.title, REFERENCE), usable_address(other.url)
            if title and title.casefold() not in told:
                day = self._speech.short_day(other.published_on) if other.published_on else ""
                url = url if len(url) <= REFERENCE_URL else ""
                found.append(ReferenceView(title, url, day))
        return tuple(found[:MOST_REFERENCES])

    def _others(self, count: int) -> str:
        if count < 1:
            return ""
        return self._speech.say_count("and {count} more story", "and {count} more stories", count)

    def _place(self, lead: Item) -> str:
        place = self._wording.place(lead.story, lead.reasons)
        title = self._title(lead.story).casefold()
        return "" if title.startswith(place.casefold()) else place

    def _preheader(self, told: list[Item]) -> str:
        if len(told) == 1:
            return clean(self._summary(told[0].story), PREHEADER)
        titles = " · ".join(clean_header(self._title(item.story), 90) for item in told[1:5])
        return clean(self._speech.say("Also: {titles}", titles=titles), PREHEADER)
