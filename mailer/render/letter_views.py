"""From a letter to the view its templates see. Whatever a story holds, a view can be made of it."""

from collections.abc import Iterator

from mailer.core.digests import Item, Section, Shown
from mailer.core.hygiene import clean_header
from mailer.core.letters import Letter
from mailer.core.tags import Vocabulary
from mailer.errors import RenderError
from mailer.render.languages import direction_of
from mailer.render.links import Links
from mailer.render.sayings import EMAIL, NAME, TITLES_BEFORE, Sayings, clean
from mailer.render.site import Site, address_lines
from mailer.render.speech import zone_of
from mailer.render.views import ItemView, MailView, SectionView


def view_letter(letter: Letter, site: Site, links: Links, vocabulary: Vocabulary) -> MailView:
    """Return what the templates of a letter see.

    Raises RenderError for a letter without any told story.
    """
    return _Viewer(letter, site, links, vocabulary).mail()


class _Viewer:
    def __init__(self, letter: Letter, site: Site, links: Links, vocabulary: Vocabulary) -> None:
        self._letter = letter
        self._site = site
        self._links = links
        self._say = Sayings(letter.newsletter, letter.cadence, letter.locale, vocabulary)
        self._zone = zone_of(letter.timezone, letter.newsletter.timezone)

    def mail(self) -> MailView:
        letter, say, links = self._letter, self._say, self._links
        told = list(self._told())
        if not told:
            raise RenderError(f"the letter '{letter.key}' tells no story: nothing to render")
        sections = tuple(self._section(section, told[0]) for section in letter.sections)
        items = tuple(item for section in sections for item in section.items)
        count = sum(len(section.items) for section in letter.sections)
        lead = told[0]
        newsletter = say.name()
        return MailView(
            language=say.speech.language,
            direction=direction_of(say.speech.language),
            site=clean_header(self._site.name),
            newsletter=newsletter,
            newsletter_capitals=newsletter.upper(),
            day=say.day(letter.as_of, self._zone),
            name=clean(letter.name, NAME),
            email=clean(letter.email, EMAIL),
            story_count=count,
            stories=say.stories(count),
            others=say.others(count - 1),
            place=say.place(lead.story, lead.reasons),
            subject_title=say.subject_title(lead.story),
            preheader=say.preheader(
                lead.story, [say.headline(item.story) for item in told[1:TITLES_BEFORE]]
            ),
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
        heading = self._say.heading(section)
        return SectionView(
            heading=heading,
            heading_capitals=self._say.in_capitals(heading),
            items=tuple(self._item(item, is_lead=item is lead) for item in section.told),
            more=self._say.more(len(section.linked), told=bool(section.told)),
            more_url=self._links.more(self._letter),
        )

    def _item(self, item: Item, *, is_lead: bool) -> ItemView:
        story, say = item.story, self._say
        is_full = item.shown is Shown.FULL
        language, own = say.language(story)
        kicker = say.kicker(story)
        follow_id = item.reasons[0].follow_id if item.reasons else 0
        told = {say.folded_title(item.story) for item in self._told()} if is_lead else ()
        return ItemView(
            kicker=kicker,
            kicker_capitals=kicker.upper(),
            title=say.title(story),
            url=self._links.story(story),
            summary=say.summary(story) if is_full else "",
            facts=say.facts(story, self._zone),
            language=language,
            direction=direction_of(own),
            see_also=say.see_also(story, told) if is_full and is_lead else (),
            reason=say.reason(item.reasons),
            mute_url=self._links.mute(self._letter, follow_id, story),
            is_full=is_full,
            is_lead=is_lead,
            is_urgent=story.urgent,
        )
