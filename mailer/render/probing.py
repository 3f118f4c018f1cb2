"""Making the probe of a mail: every story in every way it can be drawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Final

from mailer.core.hygiene import clean_header
from mailer.core.letters import Letter
from mailer.core.stories import Story
from mailer.render.languages import direction_of
from mailer.render.links import Links
from mailer.render.probes import (
    LEAD_FLAGS,
    LEAD_TEXTS,
    NULLABLE,
    OF_MAIL,
    OF_SECTION,
    SECTIONS,
    ItemKey,
    ItemProbe,
    LeadProbe,
    MailProbe,
    Probe,
    ProbeList,
    SectionKey,
    SectionProbe,
)
from mailer.render.sayings import Sayings
from mailer.render.site import Site, address_lines
from mailer.render.slots import Field, NumberSlot, Tokens, Uncuttable
from mailer.render.views import ItemView, ReferenceView

_TEXTS: Final = (
    "day",
    "email",
    "stories",
    "subject_title",
    "unsubscribe_url",
    "preferences_url",
    "why_url",
    "view_url",
)
# What may be left out of a lead because it stands in the mail itself: 2 to the power of this many
# drawings of each story that may lead.
_MOST_DOUBLES: Final = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to compile: `letter` says for which newsletter, cadence, locale and format."""

    letter: Letter
    stories: Sequence[Story]
    sayings: Sayings
    site: Site
    links: Links


class Prober:
    """Makes the probes of one round of a compile, all slots and marks from its tokens."""

    def __init__(
        self,
        wanted: Wanted,
        tokens: Tokens,
        decisions: Mapping[str, bool],
        decided: frozenset[str],
    ) -> None:
        self._wanted = wanted
        self._tokens = tokens
        self._decisions = decisions
        self._decided = decided
        self._told = frozenset(map(wanted.sayings.folded_title, wanted.stories))

    def mail(self, marks: dict[ItemKey, str], address: str = "") -> MailProbe:
        """Return the mail; with `address`, a mark for it, its stories are marked, too."""
        say, site = self._wanted.sayings, self._wanted.site
        newsletter = say.name()
        lines = list(address_lines(site))
        if lines and address:
            lines[-1] += address
        values: dict[str, Any] = {name: self._slot("mail", name) for name in _TEXTS}
        for name in NULLABLE:
            values[name] = self._slot("mail", name) if self._decisions[name] else ""
        lead: dict[str, Any] = {
            name: self._slot("lead", name) if self._decisions[f"lead.{name}"] else ""
            for name in LEAD_TEXTS
        }
        lead |= {name: self._decisions[f"lead.{name}"] for name in LEAD_FLAGS}
        items = self._item_probes(OF_MAIL, marks, told=bool(address))
        values |= {
            "language": say.speech.language,
            "direction": direction_of(say.speech.language),
            "site": clean_header(site.name),
            "newsletter": newsletter,
            "newsletter_capitals": newsletter.upper(),
            "story_count": NumberSlot(self._slot("mail", "story_count")),
            "address_lines": tuple(lines),
            "lead": LeadProbe({**lead, "is_lead": True, "see_also": ()}),
            "items": self._list(OF_MAIL, items),
            "sections": self._list(SECTIONS, list(self._sections(marks, told=bool(address)))),
        }
        return MailProbe(values)

    def _slot(self, scope: str, name: str) -> Any:
        return self._tokens.slot(Field(scope, name))

    def _list(
        self, kind: str, probes: Sequence[Probe], section: SectionProbe | None = None
    ) -> ProbeList:
        return ProbeList(kind, probes, self._tokens, self._decided, section)

    def _ends(self, kind: str) -> Iterator[tuple[bool | None, bool | None]]:
        """Yield the places in a list that are told apart: being first, and being last."""
        sides = [
            (True, False) if f"{kind}.{side}" in self._decided else (None,)
            for side in ("first", "last")
        ]
        yield from product(*sides)

    def _sections(self, marks: dict[ItemKey, str], *, told: bool) -> Iterator[SectionProbe]:
        everything = self._item_probes(OF_SECTION, marks, told=told)
        drawn: set[tuple[Any, ...]] = set()
        for has_items, more, (first, last) in product(
            (True, False), (True, False), self._ends(SECTIONS)
        ):
            if not has_items and not more:
                continue
            key = SectionKey(has_items, more, first, last)
            section = SectionProbe(
                key,
                self._slot("section", "heading"),
                self._slot("section", "heading_capitals"),
                self._slot("section", "more") if more else "",
                self._slot("section", "more_url"),
                self._list(OF_SECTION, ()),
            )
            # Stories are drawn once for all sections that look alike to them.
            early = pool_of(key, self._decided)
            items = everything[:1] if early in drawn else everything
            drawn.add(early)
            section.items = self._list(OF_SECTION, items if has_items else (), section)
            yield section

    def _item_probes(self, kind: str, marks: dict[ItemKey, str], *, told: bool) -> list[ItemProbe]:
        probes = []
        for story in self._wanted.stories:
            for is_full, is_lead in product((True, False), (True, False)):
                references = self._references(story) if is_full and is_lead else [()]
                for see_also, (first, last) in product(references, self._ends(kind)):
                    key = ItemKey(story.id, story.revision, is_full, is_lead, see_also, first, last)
                    mark = ""
                    if told:
                        if key not in marks:
                            marks[key] = self._tokens.mark("seen", key)
                        mark = marks[key]
                    probes.append(self._item(story, key, mark))
        return probes

    def _item(self, story: Story, key: ItemKey, mark: str) -> ItemProbe:
        say = self._wanted.sayings
        language, own = say.language(story)
        kicker = say.kicker(story)
        title = say.title(story)
        view = ItemView(
            kicker=kicker,
            kicker_capitals=kicker.upper(),
            title=title,
            url=self._wanted.links.story(story),
            summary=say.summary(story) if key.is_full else "",
            facts="",
            language=language,
            direction=direction_of(own),
            see_also=key.see_also,
            reason="",
            mute_url="",
            is_full=key.is_full,
            is_lead=key.is_lead,
            is_urgent=story.urgent,
        )
        facts, reason, mute_url = (
            self._slot("item", name) for name in ("facts", "reason", "mute_url")
        )
        return ItemProbe(key, view, facts, reason, mute_url, title + mark)

    def _references(self, story: Story) -> list[tuple[ReferenceView, ...]]:
        """Return all that may stand under a lead: what the mail tells itself is left out of it."""
        titles = {folded for folded, _ in self._wanted.sayings.references(story)}
        doubles = sorted(titles & self._told)
        if len(doubles) > _MOST_DOUBLES:
            raise Uncuttable("a story refers to too many stories of the same run")
        left_out = [set(some) for n in range(len(doubles) + 1) for some in combinations(doubles, n)]
        found = [self._wanted.sayings.see_also(story, some) for some in left_out]
        return list(dict.fromkeys(found))


def pool_of(key: SectionKey, decided: frozenset[str]) -> tuple[Any, ...]:
    """Return what of a section its stories know."""
    return (
        key.told,
        key.more if "early more" in decided else None,
        key.first if "early first" in decided else None,
        key.last if "early last" in decided else None,
    )
