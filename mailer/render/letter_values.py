"""The values of one letter's slots, each remembered by what it depends on.

Readers are many; dates, headings and reasons few. What is different for each reader, such as
links, is made anew.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from mailer.core.digests import Item, Reason, Section, Shown
from mailer.core.letters import Letter
from mailer.core.stories import Story
from mailer.core.tokens import Stem
from mailer.render.languages import direction_of
from mailer.render.links import Links
from mailer.render.probes import LEAD_FLAGS, LEAD_TEXTS, NULLABLE
from mailer.render.sayings import EMAIL, NAME, TITLES_BEFORE, Sayings, clean
from mailer.render.speech import zone_of
from mailer.render.views import ReferenceView

# Memories are cleared when they are this long: some megabytes.
_MOST: Final = 20_000
# Cleaning gives these back as they are.
_CLEAN: Final = re.compile(r"[A-Za-z0-9@._+-]+(?: [A-Za-z0-9@._+-]+)*")
_SHORT: Final = 48


class Memory(dict[Any, Any]):
    """What was said before, by what it depends on."""

    def say(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what was made for a key, made now if it was not."""
        try:
            return self[key]
        except KeyError:
            made = make()
            self.keep(key, made)
            return made

    def keep(self, key: Any, made: Any) -> None:
        """Remember what was made for a key, for a while."""
        if len(self) >= _MOST:
            self.clear()
        self[key] = made


# All that a drawing depends on: story id, revision, shape (of the bits below), what to see also,
# time zone, and the reasons in words.
DrawingKey = tuple[int, int, int, tuple[ReferenceView, ...], str, tuple[tuple[str, str], ...]]

# What a story needs in one letter: equal keys are drawn alike, but for the link that mutes, of
# which there is the stem and the tail. Tuples, because a mail has dozens.
ItemValues = tuple[Item, DrawingKey, Stem, bytes]

FULL, LEAD, FIRST, LAST = 1, 2, 4, 8


class LetterValues:
    """The values of the letters of one newsletter, cadence and locale."""

    def __init__(self, sayings: Sayings, links: Links) -> None:
        self.sayings = sayings
        self._links = links
        self._memory = Memory()

    def mail(self, letter: Letter, told: list[Item]) -> dict[str, str]:
        """Return the texts of the mail as a whole; those that may be empty may be so here."""
        say, memory, links = self.sayings, self._memory, self._links
        lead = told[0]
        story, zone_name = lead.story, letter.timezone
        count = sum(len(section.items) for section in letter.sections)
        preferences, view = links.preferences(letter), links.view(letter)
        behind = told[1:TITLES_BEFORE]
        headlines = tuple((item.story.id, item.story.revision) for item in behind)
        key = (story.id, story.revision)
        return {
            "day": memory.say(
                ("day", letter.as_of, zone_name),
                lambda: say.day(letter.as_of, self._zone(zone_name)),
            ),
            "name": _cleaned(letter.name, NAME),
            "email": _cleaned(letter.email, EMAIL),
            "story_count": str(count),
            "stories": memory.say(("stories", count), lambda: say.stories(count)),
            "others": memory.say(("others", count), lambda: say.others(count - 1)),
            "place": memory.say(
                ("place", key, _words(lead.reasons)), lambda: say.place(story, lead.reasons)
            ),
            "subject_title": memory.say(("title", key), lambda: say.subject_title(story)),
            "preheader": memory.say(
                ("before", key if not behind else None, headlines),
                lambda: say.preheader(story, [self._headline(item.story) for item in behind]),
            ),
            "unsubscribe_url": links.unsubscribe(letter),
            "preferences_url": preferences,
            "why_url": f"{preferences}#why",
            "view_url": view,
            "more_url": f"{view}#more",
        }

    def section(self, section: Section, told: int) -> dict[str, str]:
        """Return the texts of a section."""
        say, memory = self.sayings, self._memory
        linked = len(section.items) - told
        own = section.items[0].reasons[0] if section.items and section.items[0].reasons else None
        if own is None or own.follow_id != section.follow_id:
            heading = say.heading(section)
        else:
            heading = memory.say(
                ("heading", section.expression, own.words), lambda: say.heading(section)
            )
        return {
            "heading": heading,
            "heading_capitals": memory.say(("capitals", heading), lambda: say.in_capitals(heading)),
            "more": memory.say(("more", linked, told > 0), lambda: say.more(linked, told=told > 0)),
        }

    def items(self, letter: Letter, items: list[Item], told: list[Item]) -> list[ItemValues]:
        """Return what is needed of the told stories of one section."""
        zone, lead = letter.timezone, told[0]
        result: list[ItemValues] = []
        stem: Stem | None = None
        known: tuple[Reason, ...] | None = None
        words: tuple[tuple[str, str], ...] = ()
        place = FIRST
        left = len(items)
        for item in items:
            left -= 1
            story, why = item.story, item.reasons
            if why != known or stem is None:
                stem = self._links.mutes(letter, why[0].follow_id if why else 0)
                known, words = why, _words(why)
            shape = place if left else place | LAST
            place = 0
            if item.shown is Shown.FULL:
                shape |= FULL
            see_also: tuple[ReferenceView, ...] = ()
            if item is lead:
                shape |= LEAD
                if shape & FULL and story.see_also:
                    titles = {self._folded_title(other.story) for other in told}
                    see_also = self.sayings.see_also(story, titles)
            story_id = story.id
            key = (story_id, story.revision, shape, see_also, zone, words)
            result.append((item, key, stem, stem.tail(story_id)))
        return result

    def shared(self, values: ItemValues) -> dict[str, str]:
        """Return what is the same for all who are shown a story for the same reason."""
        item, key, _, _ = values
        story, zone = item.story, key[4]
        return {
            "facts": self._memory.say(
                ("facts", story.id, story.revision, zone),
                lambda: self.sayings.facts(story, self._zone(zone)),
            ),
            "reason": self._memory.say(
                ("reason", key[5]), lambda: self.sayings.reason(item.reasons)
            ),
        }

    def lead(self, letter: Letter, lead: Item, values: ItemValues) -> dict[str, Any]:
        """Return the texts and flags of the first story, as it stands outside of its list."""
        say, story = self.sayings, lead.story
        language, own = say.language(story)
        kicker = say.kicker(story)
        follow_id = lead.reasons[0].follow_id if lead.reasons else 0
        return {
            "kicker": kicker,
            "kicker_capitals": kicker.upper(),
            "title": say.title(story),
            "url": self._links.story(story),
            "summary": say.summary(story) if lead.shown is Shown.FULL else "",
            "language": language,
            "direction": direction_of(own),
            "mute_url": self._links.mute(letter, follow_id, story),
            "is_full": lead.shown is Shown.FULL,
            "is_urgent": story.urgent,
            **self.shared(values),
        }

    def _headline(self, story: Story) -> str:
        key = ("headline", story.id, story.revision)
        return str(self._memory.say(key, lambda: self.sayings.headline(story)))

    def _folded_title(self, story: Story) -> str:
        key = ("folded", story.id, story.revision)
        return str(self._memory.say(key, lambda: self.sayings.folded_title(story)))

    def _zone(self, name: str) -> Any:
        return self._memory.say(
            ("zone", name), lambda: zone_of(name, self.sayings.newsletter.timezone)
        )


def decisions_of(mail: dict[str, str], lead: dict[str, Any]) -> dict[str, bool]:
    """Return all decisions a template may ask for about a mail as a whole."""
    decided = {name: bool(mail[name]) for name in NULLABLE}
    return decided | {f"lead.{name}": bool(lead[name]) for name in (*LEAD_TEXTS, *LEAD_FLAGS)}


def _cleaned(text: str, limits: tuple[int, int]) -> str:
    if len(text) <= _SHORT and _CLEAN.fullmatch(text):
        return text
    return clean(text, limits)


def _words(reasons: tuple[Reason, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((reason.expression, reason.words) for reason in reasons)
