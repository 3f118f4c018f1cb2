"""Pages made ready to be joined: what is looked up for each mail is worked out once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mailer.render.edition import Loop, Page, Pieces
from mailer.render.letter_values import Memory
from mailer.render.pieces import SlotAt, fields_of
from mailer.render.slots import Field, PutOff

# What is the same for all stories that are shown for the same reason.
_SHARED: Final = (Field("item", "facts"), Field("item", "reason"))
_MUTE: Final = Field("item", "mute_url")
# Different for each reader: there is no use in remembering them.
_OWN: Final = ("_url", "email", "name")


@dataclass(slots=True, eq=False)
class ReadySlot:
    """A slot, and what was filled in for the values it depends on."""

    where: str
    entry: Field | PutOff
    fields: tuple[tuple[str, str], ...]
    is_own: bool
    is_shared: bool
    is_mute: bool
    memory: Memory = field(default_factory=Memory)


@dataclass(slots=True, eq=False)
class ReadyLoop:
    """A loop, and the pieces of each of its turns once they were needed."""

    kind: str
    tells_first: bool
    tells_last: bool
    bodies: Mapping[Any, Pieces]
    memory: Memory = field(default_factory=Memory)
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

    `where` is where its only link stands, between `before` and `after`; empty when there is more.
    """

    pieces: tuple[bytes | ReadySlot, ...]
    where: str = ""
    before: bytes = b""
    after: bytes = b""


def drawn_item(pieces: tuple[bytes | ReadySlot, ...]) -> DrawnItem:
    """Return a story of these pieces."""
    if len(pieces) == 3:
        before, slot, after = pieces
        if isinstance(before, bytes) and isinstance(after, bytes) and isinstance(slot, ReadySlot):
            starts_full = before[:2] != b"\r\n"
            if slot.is_mute and starts_full:
                return DrawnItem(pieces, slot.where, before, after)
    return DrawnItem(pieces)


ReadyPieces = tuple[bytes | ReadySlot | ReadyLoop, ...]


@dataclass(frozen=True, slots=True)
class ReadyPage:
    """A page made ready; `has_lead` when it shows the first story outside of its list."""

    decisions: tuple[tuple[str, bool], ...]
    subject: tuple[str | SlotAt, ...]
    text: ReadyPieces
    html: ReadyPieces
    has_lead: bool


def ready_page(page: Page) -> ReadyPage:
    """Make a page ready."""
    slots = [part for part in (*page.subject, *page.text, *page.html) if isinstance(part, SlotAt)]
    has_lead = any(each.scope == "lead" for slot in slots for each in fields_of(slot.entry))
    return ReadyPage(
        page.decisions, page.subject, ready_pieces(page.text), ready_pieces(page.html), has_lead
    )


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
    fields = tuple(fields_of(piece.entry))
    return ReadySlot(
        piece.where,
        piece.entry,
        tuple((each.scope, each.name) for each in fields),
        is_own=isinstance(piece.entry, Field) and piece.entry.name.endswith(_OWN),
        is_shared=all(each in _SHARED for each in fields),
        is_mute=piece.entry == _MUTE,
    )
