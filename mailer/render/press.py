"""The press: messages of one edition, joined from its pieces and the values of each letter.

What takes time is done once for all whom it is the same for, and found again by as little as
possible: frames by what a mail's first story and reason are, stories in a row by their turns. What
is left for each reader is her name, address and links, and to put pieces into one list. A mail of
20 stories so takes 0.12 to 0.15 ms; it took 0.19 piece by piece (bench.editions, two busy cores).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from mailer.core.addresses import Address
from mailer.core.digests import Shown
from mailer.core.letters import Letter
from mailer.core.readers import MailFormat
from mailer.core.tokens import Purpose, Signer
from mailer.render.drawing import Drawing, append, places, tidied
from mailer.render.edition import Page
from mailer.render.filling import Unfit, fill_link
from mailer.render.frames import (
    IS_OF_SECTION,
    MOST_FRAMES,
    Framed,
    FramePieces,
    framed,
    framed_page,
    subject_of,
)
from mailer.render.letter_values import LetterValues, decisions_of
from mailer.render.links import Links
from mailer.render.mail_heads import Heads
from mailer.render.memory import Memory
from mailer.render.message import boundary_of
from mailer.render.probes import SECTIONS, ItemKey, SectionKey
from mailer.render.ready_pages import (
    DrawnItem,
    ReadyLoop,
    ReadyPage,
    ReadySlot,
    Stretch,
    drawn_item,
    ready_page,
    stretch_of,
)
from mailer.render.site import Site
from mailer.render.turns import Told, Turn

_PART: Final = (
    b'Content-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
)
_PLAIN: Final = _PART % b"plain"
_HTML: Final = _PART % b"html"
_BOTH: Final = b'Content-Type: multipart/alternative; boundary="%s"\r\n\r\n--%s\r\n'

Bodies = tuple[str, list[bytes], list[bytes]]


class NotCompiled(Exception):  # noqa: N818 - the caller compiles it
    """The letter has a story, or is of a kind, that no page of the edition has."""


class Press:
    """Joins messages of one newsletter, cadence, moment, locale and format."""

    def __init__(self, values: LetterValues, site: Site, signer: Signer) -> None:
        self._pages: list[ReadyPage] = []
        self._values = values
        self._heads = Heads(site, signer)
        self._place = Links(site, signer).place(Purpose.MUTE)
        self._frames = Memory(MOST_FRAMES)
        self._asks_place = False

    def use(self, pages: Iterable[Page]) -> None:
        """Join from these pages from now on; they are tried in order."""
        self._pages = [ready_page(page) for page in pages]
        self._frames = Memory(MOST_FRAMES)
        asked = {name for page in self._pages for name, _ in page.decisions}
        self._asks_place = "place" in asked

    def needs(self, letter: Letter) -> dict[str, bool]:
        """Return the decisions of a letter, to compile a page for it."""
        drawing = Drawing(letter, self._values)
        return decisions_of(drawing.mail, dict(self._lead(drawing)))

    def has(self, letter: Letter) -> bool:
        """Say whether a page has all of a letter."""
        return self._drawn(Drawing(letter, self._values)) is not None

    def print(self, letter: Letter, recipient: Address) -> bytes:
        """Return the message of a letter.

        Raises NotCompiled, or Unfit for a letter that must go the plain way.
        """
        drawing = Drawing(letter, self._values)
        drawn = self._drawn(drawing)
        if drawn is None:
            raise NotCompiled(letter.key)
        subject, text, html = drawn
        out = self._heads.of(letter, recipient, subject, drawing.mail["unsubscribe_url"])
        if letter.format is not MailFormat.HTML:
            return b"".join([*out, _PLAIN, *text])
        boundary = boundary_of(letter.key).encode()
        out += (_BOTH % (boundary, boundary), _PLAIN, *text)
        out += (b"\r\n--%s\r\n" % boundary, _HTML, *html, b"\r\n--%s--\r\n" % boundary)
        return b"".join(out)

    def _drawn(self, drawing: Drawing) -> Bodies | None:
        mail = drawing.mail
        # All a page may decide by, but for what the lead has.
        place = self._asks_place and bool(mail["place"])
        key = (drawing.common, *map(bool, (mail["name"], mail["preheader"], mail["others"])), place)
        known: list[Framed] | None = self._frames.get(key)
        if known is None:
            known = [Framed(page) for page in self._pages if self._is_for(page, drawing)]
            self._frames.keep(key, known)
        for each in known:
            try:
                return self._bodies(each, drawing)
            except KeyError:
                continue
        return None

    def _is_for(self, page: ReadyPage, drawing: Drawing) -> bool:
        for name, value in page.decisions:
            found = drawing.mail[name] if "." not in name else self._lead(drawing)[name[5:]]
            if bool(found) is not value:
                return False
        return True

    def _lead(self, drawing: Drawing) -> Mapping[str, Any]:
        scopes = drawing.scopes
        if "lead" not in scopes:
            scopes["lead"] = self._values.lead(drawing.letter, drawing.told[0])
        return scopes["lead"]

    def _bodies(self, known: Framed, drawing: Drawing) -> Bodies:
        page, frame = known.page, known.frame
        if page.has_own_lead or frame is None:
            self._lead(drawing)
        if frame is None:
            frame = known.frame = framed_page(page, drawing)
        subject = frame.subject or subject_of(page, drawing)
        html = []
        if drawing.letter.format is MailFormat.HTML:
            html = self._join(frame.html, drawing)
        return subject, tidied(self._join(frame.text, drawing)), html

    def _join(self, pieces: FramePieces, drawing: Drawing) -> list[bytes]:
        out: list[bytes] = []
        for piece in pieces:
            if isinstance(piece, tuple):
                out += piece
            elif isinstance(piece, ReadySlot):
                out.append(drawing.fill(piece))
            elif isinstance(piece, bytes):
                append(out, piece)
            elif piece.kind == SECTIONS:
                self._sections(piece, drawing, out)
            else:
                self._items(piece, drawing.sections, drawing, out)
        return out

    def _sections(self, loop: ReadyLoop, drawing: Drawing, out: list[bytes]) -> None:
        last = len(drawing.sections) - 1
        for number, told in enumerate(drawing.sections):
            texts = told.texts
            first = number == 0 if loop.tells_first else None
            key = (texts, first, number == last if loop.tells_last else None)
            pieces: FramePieces | None = loop.memory.get(key)
            if pieces is None:
                drawing.enter(number)
                of_section = SectionKey(texts.told, bool(texts.texts["more"]), *key[1:])
                pieces = framed(loop.pieces(of_section), IS_OF_SECTION, drawing)
                loop.memory.keep(key, pieces)
            for piece in pieces:
                if isinstance(piece, tuple):
                    # The first may follow the section before.
                    append(out, piece[0])
                    out += piece[1:]
                elif isinstance(piece, ReadySlot):
                    drawing.enter(number)
                    out.append(drawing.fill(piece))
                elif isinstance(piece, bytes):
                    append(out, piece)
                else:
                    self._items(piece, (told,), drawing, out, number)

    def _items(
        self,
        loop: ReadyLoop,
        told: Sequence[Told],
        drawing: Drawing,
        out: list[bytes],
        number: int | None = None,
    ) -> None:
        """Put stories into a message, of section `number` or all: what is the same in one go."""
        turns = told[0].turns
        for other in told[1:]:
            turns += other.turns
        stretch: Stretch | None = loop.stretches.get(turns)
        if stretch is None:
            items = self._drawn_items(loop, turns, drawing)
            stretch = stretch_of(items, [turn.digits for turn in turns])
            loop.stretches.keep(turns, stretch)
        if not stretch.slots:
            if number is not None:
                drawing.enter(number)
            for piece in self._one_by_one(loop, stretch, told, drawing):
                append(out, piece)
            return
        pieces = stretch.pieces.copy()
        at, step = 1, stretch.step
        for slot in stretch.slots:
            if slot.is_mute:
                heads: list[bytes] = []
                for each in told:
                    heads += [each.head or self._head(each, slot.where, drawing)] * len(each.turns)
                pieces[at::step] = heads
                pieces[at + 2 :: step] = [seal for each in told for seal in each.seals]
                at += 4
            else:
                pieces[at::step] = self._reasons(slot, told, drawing)
                at += 2
        out += pieces

    @staticmethod
    def _reasons(slot: ReadySlot, told: Sequence[Told], drawing: Drawing) -> list[bytes]:
        filled: list[bytes] = []
        for each in told:
            for reason, count in each.reasons:
                drawing.scopes["item"] = {"reason": reason}
                filled += [drawing.fill(slot)] * count
        return filled

    def _head(self, told: Told, where: str, drawing: Drawing) -> bytes:
        return fill_link(where, self._place + told.stem.head, drawing.filled) + b"=\r\n"

    def _one_by_one(
        self, loop: ReadyLoop, stretch: Stretch, told: Sequence[Told], drawing: Drawing
    ) -> Iterator[bytes]:
        """Yield the pieces of stories that have more of their own than one link."""
        scopes, count = drawing.scopes, len(stretch.items)
        own = []
        for each in told:
            whys = [why for why, times in each.reasons for _ in range(times)]
            for turn, seal, why in zip(each.turns, each.seals, whys, strict=True):
                link = f"{self._place}{each.stem.head}{turn.digits.decode()}.{seal.decode()}"
                own.append({**self._values.shared(turn), "mute_url": link, "reason": why})
        for at, (item, values) in enumerate(zip(stretch.items, own, strict=True)):
            scopes["item"] = values
            scopes[f"loop {loop.kind}"] = places(at, count)
            for piece in item.pieces:
                yield piece if isinstance(piece, bytes) else drawing.fill(piece)

    def _drawn_items(
        self, loop: ReadyLoop, turns: tuple[Turn, ...], drawing: Drawing
    ) -> list[DrawnItem]:
        """Return what is the same for all, of each of these stories."""
        last = len(turns) - 1
        items = []
        for at, turn in enumerate(turns):
            first = at == 0 if loop.tells_first else None
            key = (turn, first, at == last if loop.tells_last else None)
            known: DrawnItem | None = loop.memory.get(key)
            if known is None:
                known = self._shared(loop, *key, drawing)
                loop.memory.keep(key, known)
            items.append(known)
        return items

    def _shared(
        self,
        loop: ReadyLoop,
        turn: Turn,
        first: bool | None,
        last: bool | None,
        drawing: Drawing,
    ) -> DrawnItem:
        drawing.scopes["item"] = self._values.shared(turn)
        item = turn.item
        is_full = item.shown is Shown.FULL
        drawn = ItemKey(
            item.story.id, item.story.revision, is_full, turn.is_lead, turn.see_also, first, last
        )
        pieces: list[bytes | ReadySlot] = []
        for piece in loop.pieces(drawn):
            if isinstance(piece, ReadyLoop):
                raise Unfit("a loop inside of a story")
            made: bytes | ReadySlot = piece
            if isinstance(piece, ReadySlot) and piece.is_shared:
                made = drawing.fill(piece)
            if isinstance(made, bytes) and pieces and isinstance(pieces[-1], bytes):
                pieces[-1] += made
            else:
                pieces.append(made)
        return drawn_item(tuple(pieces))
