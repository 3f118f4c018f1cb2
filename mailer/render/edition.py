"""An edition: what a template draws for one run, locale and format, encoded and in pieces.

It knows stories and no reader. It is plain data: it travels as compressed JSON, so any process
can read what another has compiled, and its hash names it.
"""

import binascii
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Any

from mailer.render.pieces import Body, Region, SlotAt
from mailer.render.probes import SECTIONS, ItemKey, SectionKey
from mailer.render.slots import Field, PutOff
from mailer.render.views import ReferenceView

# Of this module's data: an edition of another shape is not read, but compiled again.
SHAPE = 1


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop in encoded pieces."""

    kind: str
    bodies: "Mapping[Any, Pieces]"


Pieces = tuple[bytes | SlotAt | Loop, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What is drawn under some decisions about the mail as a whole, such as that she has a name."""

    decisions: tuple[tuple[str, bool], ...]
    subject: tuple[str | SlotAt, ...]
    text: Pieces
    html: Pieces


@dataclass(frozen=True, slots=True)
class Edition:
    """Pages, and what they tell apart: a drawing that was not asked for is not told apart."""

    pages: tuple[Page, ...]

    def pack(self) -> bytes:
        """Return it as it is stored; equal editions give equal bytes."""
        packer = _Packer()
        pages = [packer.page(page) for page in self.pages]
        text = json.dumps([SHAPE, packer.texts, pages], separators=(",", ":"))
        return zlib.compress(text.encode(), 6)


def unpack(packed: bytes) -> Edition:
    """Return an edition that was stored; raises ValueError when it cannot be read."""
    try:
        shape, texts, pages = json.loads(zlib.decompress(packed))
        if shape != SHAPE:
            raise ValueError(f"an edition of shape {shape}")
        unpacker = _Unpacker(texts)
        return Edition(tuple(unpacker.page(page) for page in pages))
    except (zlib.error, KeyError, IndexError, TypeError) as error:
        raise ValueError(f"not an edition: {error}") from error


def name_of(packed: bytes) -> str:
    """Return the name of a stored edition, which is all of its content."""
    return sha256(packed).hexdigest()


def encode(body: Body) -> Pieces:
    """Encode pieces in quoted-printable, each in lines of its own.

    Where a line goes on in the next piece it ends in a soft line break, which means nothing.
    """
    return _encode(body, {})


def _encode(body: Body, known: dict[int, Mapping[Any, Pieces]]) -> Pieces:
    pieces: list[bytes | SlotAt | Loop] = []
    for number, part in enumerate(body):
        after_slot = number > 0 and isinstance(body[number - 1], SlotAt)
        if isinstance(part, str):
            start = b"=\r\n" if after_slot and not part.startswith("\n") else b""
            pieces.append(start + quoted(part))
            continue
        if after_slot:
            pieces.append(b"=\r\n")
        if isinstance(part, SlotAt):
            pieces.append(part)
        else:
            # Sections share what they draw of stories.
            if id(part.bodies) not in known:
                known[id(part.bodies)] = {
                    key: _encode(value, known) for key, value in part.bodies.items()
                }
            pieces.append(Loop(part.kind, known[id(part.bodies)]))
    if body and isinstance(body[-1], SlotAt):
        pieces.append(b"=\r\n")
    return tuple(pieces)


def quoted(text: str) -> bytes:
    """Return text in quoted-printable, ending where a line ends: with a soft break if need be."""
    if not text:
        return b""
    lines = text.replace("\n", "\r\n")
    if text.endswith("\n"):
        return binascii.b2a_qp(lines.encode(), quotetabs=False, istext=True, header=False)
    return quoted_open(lines) + b"=\r\n"


def quoted_open(text: str) -> bytes:
    """Return text in quoted-printable with room for a soft line break behind it."""
    encoded = binascii.b2a_qp(
        (text + "e\r\n").encode(), quotetabs=False, istext=True, header=False
    )[:-3]
    return encoded.removesuffix(b"=\r\n")


class _Packer:
    """Turns pages into JSON; equal texts are kept once, for most stories look alike everywhere."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._known: dict[str, int] = {}
        self._loops: dict[int, int] = {}

    def page(self, page: Page) -> list[Any]:
        return [
            page.decisions,
            [self._text(part) if isinstance(part, str) else _slot(part) for part in page.subject],
            self._pieces(page.text),
            self._pieces(page.html),
        ]

    def _pieces(self, pieces: Pieces) -> list[Any]:
        packed: list[Any] = []
        for piece in pieces:
            if isinstance(piece, bytes):
                packed.append(self._text(piece.decode("ascii")))
            elif isinstance(piece, SlotAt):
                packed.append(_slot(piece))
            elif id(piece.bodies) in self._loops:
                packed.append({"kind": piece.kind, "same": self._loops[id(piece.bodies)]})
            else:
                bodies = [[_key(key), self._pieces(value)] for key, value in piece.bodies.items()]
                # Numbered as they end, which is the order they are read in.
                self._loops[id(piece.bodies)] = len(self._loops)
                packed.append({"kind": piece.kind, "bodies": bodies})
        return packed

    def _text(self, text: str) -> int:
        if text not in self._known:
            self._known[text] = len(self.texts)
            self.texts.append(text)
        return self._known[text]


class _Unpacker:
    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._bytes = [text.encode() for text in texts]
        self._loops: list[Mapping[Any, Pieces]] = []

    def page(self, packed: Any) -> Page:
        decisions, subject, text, html = packed
        return Page(
            tuple((name, value) for name, value in decisions),
            tuple(self._texts[p] if isinstance(p, int) else _slot_of(p) for p in subject),
            self._pieces(text),
            self._pieces(html),
        )

    def _pieces(self, packed: Any) -> Pieces:
        return tuple(map(self._piece, packed))

    def _piece(self, packed: Any) -> bytes | SlotAt | Loop:
        if isinstance(packed, int):
            return self._bytes[packed]
        if isinstance(packed, list):
            return _slot_of(packed)
        if "same" in packed:
            return Loop(packed["kind"], self._loops[packed["same"]])
        key = _section_key if packed["kind"] == SECTIONS else _item_key
        bodies = {key(made): self._pieces(pieces) for made, pieces in packed["bodies"]}
        self._loops.append(bodies)
        return Loop(packed["kind"], bodies)


def _key(key: SectionKey | ItemKey) -> list[Any]:
    return [
        [astuple(reference) for reference in part] if isinstance(part, tuple) else part
        for part in key
    ]


def _slot(slot: SlotAt) -> list[Any]:
    return [slot.where, _entry(slot.entry)]


def _entry(entry: Field | PutOff) -> list[Any]:
    if isinstance(entry, Field):
        return [entry.scope, entry.name]
    parts = [part if isinstance(part, str) else _entry(part) for part in entry.parts]
    return [entry.filter, entry.arguments, entry.options, parts]


def _slot_of(packed: Any) -> SlotAt:
    return SlotAt(_entry_of(packed[1]), packed[0])


def _entry_of(packed: Any) -> Field | PutOff:
    if len(packed) == 2:
        return Field(*packed)
    name, arguments, options, parts = packed
    return PutOff(
        name,
        tuple(arguments),
        tuple((option, value) for option, value in options),
        tuple(part if isinstance(part, str) else _entry_of(part) for part in parts),
    )


def _section_key(packed: Any) -> SectionKey:
    return SectionKey(*packed)


def _item_key(packed: Any) -> ItemKey:
    story_id, revision, is_full, is_lead, see_also, first, last = packed
    references = tuple(ReferenceView(*reference) for reference in see_also)
    return ItemKey(story_id, revision, is_full, is_lead, references, first, last)


def plain_parts(body: Body) -> tuple[str | SlotAt, ...]:
    """Return the parts of a body without loops; raises ValueError when it has one."""
    if any(isinstance(part, Region) for part in body):
        raise ValueError("a loop over sections or stories")
    return tuple(part for part in body if not isinstance(part, Region))
