"""Pages made ready to be joined: what is looked up for each mail is worked out once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mailer.render.edition import Loop, Page, Pieces
from mailer.render.memory import Memory
from mailer.render.pieces import SlotAt, fields_of
from mailer.render.slots import Field, PutOff

# What is the same for all stories that are shown for the same reason.
_SHARED: Final = (Field("item", "facts"), Field("item", "reason"))
_MUTE: Final = Field("item", "mute_url")
# What is the same in all mails with the same first story for the same reason.
_OF_MAIL: Final = ("day", "story_count", "stories", "others", "place", "subject_title")
_OF_SECTION: Final = ("heading", "heading_capitals", "more")
# Each has some hundred pointers.
_MOST_STRETCHES: Final = 5_000
# Different for each reader: there is no use in remembering them.
_OWN: Final = ("_url", "email", "name")


@dataclass(slots=True, eq=False)
class ReadySlot:
    """A slot, and what was filled in for the values it depends on.

    `is_common` outside of loops, `is_of_section` and `is_shared` in stories say that it is the
    same in all mails that have the same first story, section, or story, for the same reason.
    """

    where: str
    entry: Field | PutOff
    fields: tuple[tuple[str, str], ...]
    is_own: bool
    is_common: bool
    is_of_section: bool
    is_shared: bool
    is_mute: bool
    memory: Memory = field(default_factory=Memory)


@dataclass(slots=True, eq=False)
class ReadyLoop:
    """A loop, the pieces of each of its turns once they were needed, and what was made of them."""

    kind: str
    tells_first: bool
    tells_last: bool
    bodies: Mapping[Any, Pieces]
    memory: Memory = field(default_factory=Memory)
    stretches: Memory = field(default_factory=lambda: Memory(_MOST_STRETCHES))
    _ready: "dict[Any, ReadyPieces]" = field(default_factory=dict)

    def pieces(self, key: Any) -> "ReadyPieces":
        """Return the pieces of one turn; raises KeyError when there is none for it."""
        known = self._ready.get(key)
        if known is None:
            known = self._ready[key] = ready_pieces(self.bodies[key])
        return known


@dataclass(frozen=True, slots=True)
class DrawnItem:
    """A story as all are shown it who are shown it for the same reason.

    `where` is where its only link stands, between `before` and `behind`; empty when there is more
    that is not the same for all.
    """

    pieces: tuple[bytes | ReadySlot, ...]
    where: str = ""
    before: bytes = b""
    behind: bytes = b""


def drawn_item(pieces: tuple[bytes | ReadySlot, ...]) -> DrawnItem:
    """Return a story of these pieces."""
    if len(pieces) == 3:
        before, slot, behind = pieces
        if isinstance(before, bytes) and isinstance(behind, bytes) and isinstance(slot, ReadySlot):
            starts_full = before[:2] != b"\r\n"
            if slot.is_mute and starts_full:
                return DrawnItem(pieces, slot.where, before, behind)
    return DrawnItem(pieces)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Stories in a row, as all are shown them who are shown them for the same reasons.

    When all that is not the same for all is one link in each, `where` says where links stand, and
    `pieces` have five for each story, with room in the second for the link up to the story's id,
    and in the fourth for its end. Else `where` is empty.
    """

    items: Sequence[DrawnItem]
    where: str = ""
    pieces: list[bytes] = field(default_factory=list)


def stretch_of(items: Sequence[DrawnItem], digits: Iterable[bytes]) -> Stretch:
    """Return a stretch of these stories, each with the digits of its id."""
    where = items[0].where if items else ""
    if not where or any(item.where != where for item in items):
        return Stretch(items)
    made: list[bytes] = []
    for item, number in zip(items, digits, strict=True):
        made += (item.before, b"", number + b".", b"", item.behind)
    return Stretch(items, where, made)


ReadyPieces = tuple[bytes | ReadySlot | ReadyLoop, ...]


@dataclass(frozen=True, slots=True)
class ReadyPage:
    """A page made ready.

    `has_own_lead` when it shows outside of its list what of the first story is the reader's own.
    """

    decisions: tuple[tuple[str, bool], ...]
    subject: tuple[str | ReadySlot, ...]
    text: ReadyPieces
    html: ReadyPieces
    has_own_lead: bool


def ready_page(page: Page) -> ReadyPage:
    """Make a page ready."""
    subject = tuple(part if isinstance(part, str) else _slot(part) for part in page.subject)
    text, html = ready_pieces(page.text), ready_pieces(page.html)
    slots = [part for part in (*subject, *text, *html) if isinstance(part, ReadySlot)]
    has_own_lead = any(
        scope == "lead" for slot in slots if not slot.is_common for scope, _ in slot.fields
    )
    return ReadyPage(page.decisions, subject, text, html, has_own_lead)


def ready_pieces(pieces: Pieces) -> ReadyPieces:
    """Make pieces ready."""
    return tuple(_ready(piece) for piece in pieces if piece != b"")


def _ready(piece: bytes | SlotAt | Loop) -> bytes | ReadySlot | ReadyLoop:
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, Loop):
        key = next(iter(piece.bodies), None)
        tells = (False, False) if key is None else (key.first is not None, key.last is not None)
        return ReadyLoop(piece.kind, *tells, piece.bodies)
    return _slot(piece)


def _slot(slot: SlotAt) -> ReadySlot:
    fields = tuple(fields_of(slot.entry))
    return ReadySlot(
        slot.where,
        slot.entry,
        tuple((each.scope, each.name) for each in fields),
        is_own=isinstance(slot.entry, Field) and slot.entry.name.endswith(_OWN),
        is_common=all(
            (each.scope == "mail" and each.name in _OF_MAIL)
            or (each.scope == "lead" and each.name != _MUTE.name)
            for each in fields
        ),
        is_of_section=all(each.scope == "section" and each.name in _OF_SECTION for each in fields),
        is_shared=all(each in _SHARED for each in fields),
        is_mute=slot.entry == _MUTE,
    )
