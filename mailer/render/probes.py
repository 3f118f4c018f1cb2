"""What a template is shown while an edition is compiled, instead of one reader's mail.

A probe has every story as often as it can be drawn in a different way: full or as a headline, as
the lead or not, and first or last of its list if the template asks for that. What differs from
reader to reader otherwise is a slot. Which decisions a template takes is written down as it asks.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mailer.render.slots import Field, NumberSlot, Tokens, Uncuttable
from mailer.render.views import ItemView, ReferenceView

SECTIONS: Final = "sections"
OF_SECTION: Final = "section.items"
OF_MAIL: Final = "mail.items"
# What may be empty in a mail, and so decides about what is drawn.
NULLABLE: Final = ("name", "others", "place", "preheader")
LEAD_TEXTS: Final = (
    "kicker",
    "kicker_capitals",
    "title",
    "url",
    "summary",
    "facts",
    "language",
    "direction",
    "reason",
    "mute_url",
)
LEAD_FLAGS: Final = ("is_full", "is_urgent")


class Undecided(Exception):  # noqa: N818 - the compile begins again with it
    """A template asks for something that was not told apart so far: `decision` names it."""

    def __init__(self, decision: str) -> None:
        super().__init__(decision)
        self.decision = decision


class ItemKey(NamedTuple):
    """Which drawing of a story; what a template does not ask for is None."""

    story_id: int
    revision: int
    is_full: bool
    is_lead: bool
    see_also: tuple[ReferenceView, ...]
    first: bool | None
    last: bool | None


class SectionKey(NamedTuple):
    """Which drawing of a section: with stories told or all behind the link, with a link or not."""

    told: bool
    more: bool
    first: bool | None
    last: bool | None


class Probe:
    """A part of a letter as templates see it; its attributes are what the views have."""


@dataclass(eq=False)
class ItemProbe(Probe):
    """A story. All but facts, reason and link are known."""

    key: ItemKey
    view: ItemView
    facts: str
    reason: str
    mute_url: str
    title: str

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.view, name)


@dataclass(eq=False)
class SectionProbe(Probe):
    """A section; which of its decisions may reach its stories is looked at in `ProbeList.walk`."""

    key: SectionKey
    heading: str
    heading_capitals: str
    more: str
    more_url: str
    items: "ProbeList"
    asked: set[str] = field(default_factory=set)


@dataclass(eq=False)
class LeadProbe(Probe):
    """The first story: nothing of it is known but what was decided."""

    values: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.__dict__.get("values", {}):
            raise AttributeError(name)
        return self.values[name]


@dataclass(eq=False)
class MailProbe(Probe):
    """The mail as a whole."""

    values: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.__dict__.get("values", {}):
            raise AttributeError(name)
        return self.values[name]


@dataclass(eq=False)
class ProbeLoop:
    """The variable `loop` while a template goes over sections or stories."""

    over: "ProbeList"
    probe: Probe
    tokens: Tokens

    @property
    def key(self) -> Any:
        """Which drawing this turn gives."""
        return getattr(self.probe, "key", None)

    def __getattr__(self, name: str) -> Any:
        if name in ("first", "last"):
            if f"{self.over.kind}.{name}" not in self.over.decided:
                raise Undecided(f"{self.over.kind}.{name}")
            return getattr(self.key, name)
        if name in ("index", "index0", "length"):
            return NumberSlot(self.tokens.slot(Field(f"loop {self.over.kind}", name)))
        if name.startswith("__"):
            raise AttributeError(name)
        raise Uncuttable(f"it uses loop.{name} of its sections or stories")


@dataclass(eq=False)
class ProbeList:
    """Sections or stories: a template may go over them, and ask whether there are any.

    `decided` are the decisions told apart in this compile. `section` is whose stories they are.
    """

    kind: str
    probes: Sequence[Probe]
    tokens: Tokens
    decided: frozenset[str]
    section: SectionProbe | None = None

    def __bool__(self) -> bool:
        return bool(self.probes)

    def walk(self) -> Iterator[tuple[Probe, ProbeLoop]]:
        """Yield each with its loop variable."""
        for probe in self.probes:
            self._check()
            yield probe, ProbeLoop(self, probe, self.tokens)
        self._check()

    def _check(self) -> None:
        """See that nothing was asked of the section that its stories do not know of."""
        for asked in sorted(self.section.asked if self.section is not None else ()):
            if f"early {asked}" not in self.decided:
                raise Undecided(f"early {asked}")


def reader_of(asked: set[str]) -> Callable[[Any, str], None]:
    """Return what notes into `asked` the decisions of the mail that a template asks for."""

    def read(part: Any, attribute: str) -> None:
        if isinstance(part, MailProbe) and attribute in NULLABLE:
            asked.add(attribute)
        elif isinstance(part, LeadProbe):
            if attribute == "see_also":
                raise Uncuttable("it shows what to see also outside the list of stories")
            asked.add(f"lead.{attribute}")
        elif isinstance(part, SectionProbe) and attribute == "more":
            part.asked.add("more")
        elif (
            isinstance(part, ProbeLoop)
            and isinstance(part.probe, SectionProbe)
            and attribute in ("first", "last")
        ):
            part.probe.asked.add(attribute)

    return read
