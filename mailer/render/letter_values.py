"""The values of one letter's slots, each remembered by what it depends on.

Readers are many; dates, headings and reasons few. What is different for each reader, such as
links, is made anew.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mailer.core.digests import Item, Reason, Section, Shown
from mailer.core.letters import Letter
from mailer.core.stories import Story
from mailer.core.tokens import Purpose
from mailer.render.filling import Unfit, filled_place
from mailer.render.languages import direction_of
from mailer.render.links import Links, local_part
from mailer.render.memory import MOST, Memory
from mailer.render.probes import LEAD_FLAGS, LEAD_TEXTS, NULLABLE
from mailer.render.sayings import EMAIL, NAME, TITLES_BEFORE, Sayings, clean
from mailer.render.speech import zone_of
from mailer.render.turns import SectionTexts, Told, Turn, words_of
from mailer.render.views import ReferenceView

# Cleaning gives these back as they are.
_CLEAN: Final = re.compile(r"[A-Za-z0-9@._+-]+(?: [A-Za-z0-9@._+-]+)*")
_SHORT: Final = 48
_LINKED: Final = (Purpose.PREFERENCES, Purpose.VIEW, Purpose.UNSUBSCRIBE)
# A line has 76 octets, and behind a token '#more' may stand. Longer ones are broken at their dot.
_LONG_LINE: Final = 68
_LONG_TOKEN: Final = 110


# What all mails share that have the same first story.
CommonKey = tuple[Any, ...]


class LetterValues:
    """The values of the letters of one newsletter, cadence and locale."""

    def __init__(self, sayings: Sayings, links: Links) -> None:
        self.sayings = sayings
        self._links = links
        self._memory = Memory()
        self._turns: dict[Any, dict[Any, Turn]] = {}
        self._turn_count = 0
        places = {purpose: links.place(purpose) for purpose in _LINKED}
        self._places = {purpose: (place, filled_place(place)) for purpose, place in places.items()}
        self._mute = filled_place(links.place(Purpose.MUTE)).removesuffix(b"=\r\n")

    def common(self, letter: Letter, told: list[Item]) -> tuple[CommonKey, Mapping[str, str]]:
        """Return the texts of the mail that many mails share, and what they depend on."""
        story, zone = told[0].story, letter.timezone
        key = (letter.as_of, zone, story.id, story.revision, told[0].shown)
        known: Mapping[str, str] | None = self._memory.get(key)
        if known is None:
            say = self.sayings
            known = {
                "day": say.day(letter.as_of, self._zone(zone)),
                "subject_title": say.subject_title(story),
            }
            self._memory.keep(key, known)
        return key, known

    def own(self, letter: Letter, told: list[Item], filled: dict[str, bytes]) -> dict[str, str]:
        """Return the texts of the mail that are the reader's own.

        Links are put into `filled`, as they stand in a body: they stand there several times.
        """
        memory, say = self._memory, self.sayings
        count = sum([len(section.items) for section in letter.sections])
        behind = told[1:TITLES_BEFORE]
        key = [(item.story.id, item.story.revision) for item in behind or told]
        preferences = self._link(
            filled, Purpose.PREFERENCES, "#why", letter.reader_id, letter.subscription_id
        )
        view = self._link(filled, Purpose.VIEW, "#more", local_part(letter.message_id))
        return {
            "name": _cleaned(letter.name, NAME),
            "email": _cleaned(letter.email, EMAIL),
            "story_count": str(count),
            "stories": memory.say(("stories", count), lambda: say.stories(count)),
            "others": memory.say(("others", count), lambda: say.others(count - 1)),
            "preheader": memory.say(
                ("before", len(behind), *key), lambda: self._preheader(told[0].story, behind)
            ),
            "unsubscribe_url": self._link(filled, Purpose.UNSUBSCRIBE, "", letter.subscription_id),
            "preferences_url": preferences,
            "why_url": f"{preferences}#why",
            "view_url": view,
            "more_url": f"{view}#more",
        }

    def _preheader(self, lead: Story, behind: Sequence[Item]) -> str:
        return self.sayings.preheader(lead, [self._headline(item.story) for item in behind])

    def _link(
        self, filled: dict[str, bytes], purpose: Purpose, behind: str, *parts: int | str
    ) -> str:
        """Return a link; with and without what may stand behind it, it is filled in.

        Its token is letters and digits, so all there is to see to are the lengths of lines: this
        takes 1 µs, and finding that out by looking 3 µs.
        """
        place, line = self._places[purpose]
        token = self._links.token(purpose, *parts)
        url = place + token
        if line and len(token) < _LONG_TOKEN:
            if len(token) > _LONG_LINE:
                token = token.replace(".", ".=\r\n")
            filled[url] = made = line + token.encode()
            if behind:
                filled[url + behind] = made + behind.encode()
        return url

    def told(
        self, letter: Letter, section: Section, items: Sequence[Item], told: list[Item]
    ) -> Told:
        """Return what is needed of a section, of which `items` are told.

        Raises Unfit for one with stories of other follows than its own.
        """
        zone, lead = letter.timezone, told[0]
        why = items[0].reasons if items else ()
        follow_id = why[0].follow_id if why else 0
        known: tuple[Reason, ...] | None = None
        memory = self._turns_of(zone)
        turns: list[Turn] = []
        reasons: list[tuple[str, int]] = []
        said = 0
        for item in items:
            story, why = item.story, item.reasons
            # Most have the very reasons of the one before.
            if why is not known and why != known:
                if (why[0].follow_id if why else 0) != follow_id:
                    raise Unfit("a section of several follows")
                if known is not None:
                    reasons.append((self._reason(known), len(turns) - said))
                known, said = why, len(turns)
            key: tuple[Any, ...] = (story.id, story.revision, item.shown)
            if item is lead:
                key = (*key, self._see_also(item, told))
            turn = memory.get(key)
            if turn is None:
                turn = memory[key] = self._turn(item, key, zone)
            turns.append(turn)
        if known is not None:
            reasons.append((self._reason(known), len(turns) - said))
        stem = self._links.mutes(letter, follow_id)
        head = b""
        if self._mute and len(stem.head) <= _LONG_LINE - len(self._mute):
            head = self._mute + stem.head.encode() + b"=\r\n"
        seals = stem.seals([turn.digits for turn in turns])
        texts = self._section(section, len(items))
        return Told(texts, tuple(turns), reasons, stem, head, seals)

    def _section(self, section: Section, told: int) -> SectionTexts:
        say, memory = self.sayings, self._memory
        linked = len(section.items) - told
        own = section.items[0].reasons[0] if section.items and section.items[0].reasons else None
        if own is None or own.follow_id != section.follow_id:
            said = ("", say.heading(section))
        else:
            said = (section.expression, own.words)
        key = ("section", said, linked, told > 0)
        known: SectionTexts | None = memory.get(key)
        if known is None:
            heading = say.heading(section)
            texts = {
                "heading": heading,
                "heading_capitals": say.in_capitals(heading),
                "more": say.more(linked, told=told > 0),
            }
            known = SectionTexts(texts, told > 0)
            memory.keep(key, known)
        return known

    def place(self, lead: Item) -> str:
        """Return what an alert is about: few templates ask, and it takes reading the reason."""
        key = ("place", lead.story.id, lead.story.revision, words_of(lead.reasons))
        return str(self._memory.say(key, lambda: self.sayings.place(lead.story, lead.reasons)))

    def _turns_of(self, zone: str) -> dict[Any, Turn]:
        if self._turn_count >= MOST:
            self._turns.clear()
            self._turn_count = 0
        try:
            return self._turns[zone]
        except KeyError:
            made = self._turns[zone] = {}
            return made

    def _turn(self, item: Item, key: tuple[Any, ...], zone: str) -> Turn:
        self._turn_count += 1
        is_lead = len(key) > 3  # It has what to see also, if only nothing.
        return Turn(
            item,
            zone,
            is_lead,
            key[3] if is_lead else (),
            b"%d" % item.story.id,
        )

    def _see_also(self, lead: Item, told: list[Item]) -> tuple[ReferenceView, ...]:
        if lead.shown is not Shown.FULL or not lead.story.see_also:
            return ()
        titles = {self._folded_title(other.story) for other in told}
        return self.sayings.see_also(lead.story, titles)

    def shared(self, turn: Turn) -> dict[str, str]:
        """Return what is the same for all who are shown a story in this time zone."""
        return {"facts": self._facts(turn.item.story, turn.zone)}

    def _facts(self, story: Story, zone: str) -> str:
        key = ("facts", story.id, story.revision, zone)
        return str(self._memory.say(key, lambda: self.sayings.facts(story, self._zone(zone))))

    def _reason(self, reasons: tuple[Reason, ...]) -> str:
        key = ("reason", words_of(reasons))
        return str(self._memory.say(key, lambda: self.sayings.reason(reasons)))

    def lead(self, letter: Letter, lead: Item) -> dict[str, Any]:
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
            "facts": self._facts(story, letter.timezone),
            "reason": self._reason(lead.reasons),
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
