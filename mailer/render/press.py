"""The press: messages of one edition, joined from its pieces and the values of each letter."""

from collections.abc import Iterable
from typing import Any, Final

from mailer.core.addresses import Address
from mailer.core.hygiene import clean_header
from mailer.core.letters import Letter
from mailer.core.readers import MailFormat
from mailer.core.tokens import Signer
from mailer.render.drawing import Drawing, append, tidied
from mailer.render.edition import Page
from mailer.render.filling import Unfit, fill, fill_link, value_of
from mailer.render.headers import mailbox, text_field
from mailer.render.letter_values import (
    FIRST,
    FULL,
    LAST,
    LEAD,
    DrawingKey,
    ItemValues,
    LetterValues,
    Memory,
    decisions_of,
)
from mailer.render.links import Links
from mailer.render.message import OWN_FIELDS, boundary_of, header_fields, wire_message_id
from mailer.render.probes import OF_MAIL, SECTIONS, ItemKey, SectionKey
from mailer.render.ready_pages import (
    DrawnItem,
    ReadyLoop,
    ReadyPage,
    ReadyPieces,
    ReadySlot,
    drawn_item,
    ready_page,
)
from mailer.render.site import Site

_PART: Final = (
    b'Content-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
)
_PLAIN: Final = _PART % b"plain"
_HTML: Final = _PART % b"html"


class NotCompiled(Exception):  # noqa: N818 - the caller compiles it
    """The letter has a story, or is of a kind, that no page of the edition has."""


class Press:
    """Joins messages of one newsletter, cadence, moment, locale and format."""

    def __init__(self, values: LetterValues, site: Site, signer: Signer) -> None:
        self._pages: list[ReadyPage] = []
        self._values = values
        self._site = site
        self._signer = signer
        self._place = Links(site, signer).mute_place()
        self._subjects = Memory()
        self._head: list[tuple[str, bytes]] = []

    def use(self, pages: Iterable[Page]) -> None:
        """Join from these pages from now on; they are tried in order."""
        self._pages = [ready_page(page) for page in pages]

    def needs(self, letter: Letter) -> dict[str, bool]:
        """Return the decisions of a letter, to compile a page for it."""
        drawing = Drawing(letter, self._values)
        lead = self._lead(drawing)
        return decisions_of(drawing.mail, lead)

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
        out = self._headers(letter, recipient, drawing, subject)
        if letter.format is not MailFormat.HTML:
            return b"".join([*out, _PLAIN, *text])
        boundary = boundary_of(letter.key).encode()
        out.append(
            b'Content-Type: multipart/alternative; boundary="%s"\r\n\r\n--%s\r\n'
            % (boundary, boundary)
        )
        out.append(_PLAIN)
        out += text
        out.append(b"\r\n--%s\r\n" % boundary)
        out.append(_HTML)
        out += html
        out.append(b"\r\n--%s--\r\n" % boundary)
        return b"".join(out)

    def _drawn(self, drawing: Drawing) -> tuple[str, list[bytes], list[bytes]] | None:
        for page in self._pages:
            if self._is_for(page, drawing):
                try:
                    return self._bodies(page, drawing)
                except KeyError:
                    continue
        return None

    def _is_for(self, page: ReadyPage, drawing: Drawing) -> bool:
        for name, value in page.decisions:
            found = drawing.mail.get(name) if "." not in name else self._lead(drawing)[name[5:]]
            if bool(found) is not value:
                return False
        return True

    def _lead(self, drawing: Drawing) -> dict[str, Any]:
        if not drawing.lead:
            first = next(items[0] for _, items in drawing.sections if items)
            drawing.lead = self._values.lead(drawing.letter, drawing.told[0], first)
        return drawing.lead

    def _bodies(self, page: ReadyPage, drawing: Drawing) -> tuple[str, list[bytes], list[bytes]]:
        if page.has_lead:
            drawing.scopes["lead"] = self._lead(drawing)
        scopes = drawing.scopes
        subject = "".join(
            [
                part if isinstance(part, str) else value_of(part.entry, scopes)
                for part in page.subject
            ]
        )
        subject = self._subjects.say(subject, lambda: clean_header(subject))
        html = []
        if drawing.letter.format is MailFormat.HTML:
            html = self._join(page.html, drawing)
        return subject, tidied(self._join(page.text, drawing)), html

    def _join(self, pieces: ReadyPieces, drawing: Drawing) -> list[bytes]:
        out: list[bytes] = []
        for piece in pieces:
            if isinstance(piece, bytes):
                append(out, piece)
            elif isinstance(piece, ReadySlot):
                out.append(self._slot(piece, drawing))
            elif piece.kind == SECTIONS:
                self._sections(piece, drawing, out)
            else:
                items = [item for _, section in drawing.sections for item in section]
                self._items(piece, items, drawing, out)
        return out

    def _slot(self, slot: ReadySlot, drawing: Drawing) -> bytes:
        scopes = drawing.scopes
        if slot.is_own:
            scope, name = slot.fields[0]
            value = scopes[scope][name]
            own = drawing.filled.get(value)
            return fill_link(slot.where, value, drawing.filled) if own is None else own
        values = tuple([scopes[scope][name] for scope, name in slot.fields])
        known: bytes | None = slot.memory.get(values)
        if known is None:
            known = fill(slot.where, value_of(slot.entry, scopes))
            slot.memory.keep(values, known)
        return known

    def _sections(self, loop: ReadyLoop, drawing: Drawing, out: list[bytes]) -> None:
        last = len(drawing.sections) - 1
        more_url = drawing.mail["more_url"]
        for number, (values, items) in enumerate(drawing.sections):
            key = SectionKey(
                bool(items),
                bool(values["more"]),
                number == 0 if loop.tells_first else None,
                number == last if loop.tells_last else None,
            )
            drawing.scopes["section"] = {**values, "more_url": more_url}
            drawing.scopes["loop sections"] = _places(number, last + 1)
            for piece in loop.pieces(key):
                if isinstance(piece, bytes):
                    append(out, piece)
                elif isinstance(piece, ReadySlot):
                    out.append(self._slot(piece, drawing))
                else:
                    self._items(piece, items, drawing, out)

    def _items(
        self, loop: ReadyLoop, items: list[ItemValues], drawing: Drawing, out: list[bytes]
    ) -> None:
        memory, known_stem = loop.memory, None
        heads: dict[str, bytes] = {}
        for number, values in enumerate(items):
            _, key, stem, tail = values
            if loop.kind == OF_MAIL:
                place = FIRST * (number == 0) | LAST * (number == len(items) - 1)
                key = (*key[:2], key[2] & (FULL | LEAD) | place, *key[3:])
            drawn: DrawnItem | None = memory.get(key)
            if drawn is None:
                drawn = self._shared(loop, key, values, drawing)
                memory.keep(key, drawn)
            if stem is not known_stem:
                known_stem, heads = stem, {}
            if drawn.where:
                # Most stories: all that is not the same for all is one link.
                head = heads.get(drawn.where)
                if head is None:
                    link = self._place + stem.head
                    head = fill_link(drawn.where, link, drawing.filled) + b"=\r\n"
                    heads[drawn.where] = head
                out += (drawn.before, head, tail, drawn.after)
                continue
            link = f"{self._place}{stem.head}{tail.decode()}"
            drawing.scopes["item"] = {**self._values.shared(values), "mute_url": link}
            drawing.scopes[f"loop {loop.kind}"] = _places(number, len(items))
            for piece in drawn.pieces:
                append(out, piece if isinstance(piece, bytes) else self._slot(piece, drawing))

    def _shared(
        self, loop: ReadyLoop, key: DrawingKey, values: ItemValues, drawing: Drawing
    ) -> DrawnItem:
        """Fill what is the same for all who are shown a story for the same reason."""
        drawing.scopes["item"] = self._values.shared(values)
        story_id, revision, shape, see_also, _, _ = key
        first = bool(shape & FIRST) if loop.tells_first else None
        last = bool(shape & LAST) if loop.tells_last else None
        flags = (bool(shape & FULL), bool(shape & LEAD))
        drawn = ItemKey(story_id, revision, *flags, see_also, first, last)
        pieces: list[bytes | ReadySlot] = []
        for piece in loop.pieces(drawn):
            if isinstance(piece, ReadyLoop):
                raise Unfit("a loop inside of a story")
            made: bytes | ReadySlot = piece
            if isinstance(piece, ReadySlot) and piece.is_shared:
                made = self._slot(piece, drawing)
            if isinstance(made, bytes) and pieces and isinstance(pieces[-1], bytes):
                pieces[-1] += made
            else:
                pieces.append(made)
        return drawn_item(tuple(pieces))

    def _headers(
        self, letter: Letter, recipient: Address, drawing: Drawing, subject: str
    ) -> list[bytes]:
        if not subject:
            raise Unfit("it has no subject")
        if not self._head:
            fields = header_fields(letter, subject, self._site, self._signer, recipient)
            self._head = [(name, f"{name}: {value}\r\n".encode()) for name, value in fields]
        lines: list[bytes] = []
        for name, line in self._head:
            if name in OWN_FIELDS:
                value = self._own(name, letter, recipient, drawing, subject)
                lines += (name.encode(), b": ", value, b"\r\n")
            else:
                lines.append(line)
        lines.append(b"MIME-Version: 1.0\r\n")
        return lines

    def _own(
        self, name: str, letter: Letter, recipient: Address, drawing: Drawing, subject: str
    ) -> bytes:
        match name:
            case "To":
                value = mailbox("To", letter.name, recipient.wire)
            case "Subject":
                return self._subjects.say(  # type: ignore[no-any-return]
                    ("field", subject), lambda: text_field("Subject", subject).encode()
                )
            case "Message-ID":
                value = wire_message_id(letter.message_id)
            case _:
                value = f"<{drawing.mail['unsubscribe_url']}>"
        if len(value) > 900 or (any(c in value for c in "\r\n\0") and name != "To"):
            raise Unfit(f"its {name} is long")
        return value.encode()


def _places(number: int, count: int) -> dict[str, str]:
    return {"index": str(number + 1), "index0": str(number), "length": str(count)}
