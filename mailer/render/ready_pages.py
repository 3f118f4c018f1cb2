"""Pages made ready to be joined: what is looked up for each mail is worked out once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mailer.render.edition import Loop, Page, Pieces
from mailer.render.memory import MOST, Memory
from mailer.render.pieces import SlotAt, fields_of
from mailer.render.slots import Field, PutOff

# What is the same for all who are shown a story in one time zone.
_SHARED: Final = Field("item", "facts")
_REASON: Final = Field("item", "reason")
_MUTE: Final = Field("item", "mute_url")
# What is the same in all mails with the same first story.
_OF_MAIL: Final = ("day", "subject_title")
_OF_SECTION: Final = ("heading", "heading_capitals", "more")
# Each has some hundred pointers.
_MOST_STRETCHES: Final = 5_000
# Different for each reader: there is little use in remembering them.
_OWN: Final = ("_url", "email", "name")
_MOST_OWN: Final = 500


@dataclass(slots=True, eq=False)
class ReadySlot:
    """A slot, and what was filled in for the values it depends on.

    `is_common` outside of loops, `is_of_section` and `is_shared` in stories say that it is the
    same in all mails that have the same first story, section, or story; `is_reason` and `is_mute`
    that it is made of nothing else.
    """

    where: str
    entry: Field | PutOff
    fields: tuple[tuple[str, str], ...]
    is_own: bool
    is_common: bool
    is_of_section: bool
    is_shared: bool
    is_reason: bool
    is_mute: bool
    memory: Memory

    @property
    def is_told_apart(self) -> bool:
        """Say whether a stretch of stories has room for it."""
        return self.is_mute or self.is_reason


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
    """A story as all are shown it who are shown it in one time zone.

    `slots` are those that are left when they are reasons and links that mute, and nothing else;
    pieces then stand between them and at both ends. Else there are none.
    """

    pieces: tuple[bytes | ReadySlot, ...]
    slots: tuple[ReadySlot, ...] = ()


def drawn_item(pieces: tuple[bytes | ReadySlot, ...]) -> DrawnItem:
    """Return a story of these pieces."""
    slots = tuple(
        piece for piece in pieces[1::2] if isinstance(piece, ReadySlot) and piece.is_told_apart
    )
    still = [piece for piece in pieces[0::2] if isinstance(piece, bytes)]
    # A piece that begins with an empty line may have to lose it, which depends on what is before.
    if len(slots) + len(still) < len(pieces) or len(still) == len(slots) or still[0][:2] == b"\r\n":
        return DrawnItem(pieces)
    return DrawnItem(pieces, slots)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Stories in a row, as all are shown them who are shown them in one time zone.

    `slots` are what is left to fill in each of them, when that is the same and they are reasons and
    links. `pieces` then have for each story what stands between slots, and room: one for a reason,
    and for a link three, of which the middle one, the story's id, is filled. `step` is how many
    that are for a story. Without slots, stories must be put together one by one.
    """

    items: Sequence[DrawnItem]
    slots: tuple[ReadySlot, ...] = ()
    pieces: list[bytes] = field(default_factory=list)
    step: int = 0


def stretch_of(items: Sequence[DrawnItem], digits: Iterable[bytes]) -> Stretch:
    """Return a stretch of these stories, each with the digits of its id."""
    slots = items[0].slots if items else ()
    alike = [(slot.where, slot.entry) for slot in slots]
    if not slots or any(
        item.slots is not slots and [(slot.where, slot.entry) for slot in item.slots] != alike
        for item in items
    ):
        return Stretch(items)
    made: list[bytes] = []
    for item, number in zip(items, digits, strict=True):
        for piece in item.pieces:
            if isinstance(piece, bytes):
                made.append(piece)
            elif piece.is_mute:
                made += (b"", number + b".", b"")
            else:
                made.append(b"")
    return Stretch(items, slots, made, len(made) // len(items))


ReadyPieces = tuple[bytes | ReadySlot | ReadyLoop, ...]


@dataclass(frozen=True, slots=True)
class ReadyPage:
    """A page made ready.

    `has_own_lead` when it shows outside of its list what of the first story is the reader's own.
    `subjects` are those that were made, by their values.
    """

    decisions: tuple[tuple[str, bool], ...]
    subject: tuple[str | ReadySlot, ...]
    text: ReadyPieces
    html: ReadyPieces
    has_own_lead: bool
    subjects: Memory = field(default_factory=Memory)


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
            or (each.scope == "lead" and each.name not in (_MUTE.name, _REASON.name))
            for each in fields
        ),
        is_of_section=all(each.scope == "section" and each.name in _OF_SECTION for each in fields),
        is_shared=all(each == _SHARED for each in fields),
        is_reason=all(each == _REASON for each in fields),
        is_mute=slot.entry == _MUTE,
        memory=Memory(_MOST_OWN if any(each.name.endswith(_OWN) for each in fields) else MOST),
    )
