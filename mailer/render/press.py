"""The press: messages of one edition, joined from its pieces and the values of each letter."""

from collections.abc import Iterable
from typing import Any, Final

from mailer.core.addresses import Address
from mailer.core.hygiene import clean_header
from mailer.core.letters import Letter
from mailer.core.readers import MailFormat
from mailer.core.tokens import Signer, Stem
from mailer.render.drawing import Drawing
from mailer.render.edition import Page
from mailer.render.filling import Unfit, fill, fit, means_itself, value_of
from mailer.render.headers import mailbox, text_field
from mailer.render.letter_values import ItemValues, LetterValues, Memory, decisions_of
from mailer.render.links import Links
from mailer.render.message import OWN_FIELDS, boundary_of, header_fields, wire_message_id
from mailer.render.probes import OF_MAIL, SECTIONS, ItemKey, SectionKey
from mailer.render.ready_pages import ReadyLoop, ReadyPage, ReadyPieces, ReadySlot, ready_page
from mailer.render.site import Site

_PART: Final = (
    b'Content-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
)


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
        head = self._headers(letter, recipient, drawing, subject)
        return b"".join((*head, *_body(letter, text, html)))

    def _drawn(self, drawing: Drawing) -> tuple[str, bytes, bytes] | None:
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

    def _bodies(self, page: ReadyPage, drawing: Drawing) -> tuple[str, bytes, bytes]:
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
        text = b"".join(self._join(page.text, drawing)).lstrip(b"\r\n")
        while b"\r\n\r\n\r\n" in text:
            text = text.replace(b"\r\n\r\n\r\n", b"\r\n\r\n")
        html = b""
        if drawing.letter.format is MailFormat.HTML:
            html = b"".join(self._join(page.html, drawing))
        return subject, text.rstrip(b"\r\n") + b"\r\n", html

    def _join(self, pieces: ReadyPieces, drawing: Drawing) -> list[bytes]:
        out: list[bytes] = []
        for piece in pieces:
            if isinstance(piece, bytes):
                _append(out, piece)
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
            if own is None:
                own = fill(slot.where, fit(value))
                if means_itself(value):
                    drawing.filled[value] = own
            return own
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
                    _append(out, piece)
                elif isinstance(piece, ReadySlot):
                    out.append(self._slot(piece, drawing))
                else:
                    self._items(piece, items, drawing, out)

    def _items(
        self, loop: ReadyLoop, items: list[ItemValues], drawing: Drawing, out: list[bytes]
    ) -> None:
        stem: Stem | None = None
        heads: dict[str, bytes] = {}
        memory, append = loop.memory, out.append
        for number, item in enumerate(items):
            key = item.key
            if loop.kind == OF_MAIL:
                key = (*key[:5], number == 0, number == len(items) - 1, *key[7:])
            pieces: tuple[bytes | ReadySlot, ...] | None = memory.get(key)
            if pieces is None:
                pieces = self._shared(loop, key, item, drawing)
                memory.keep(key, pieces)
            if item.stem is not stem:
                stem, heads = item.stem, {}
            for piece in pieces:
                if isinstance(piece, bytes):
                    append(piece)
                elif piece.is_mute:
                    head = heads.get(piece.where)
                    if head is None:
                        head = fill(piece.where, self._place + item.stem.head) + b"=\r\n"
                        heads[piece.where] = head
                    append(head)
                    append(item.tail)
                else:
                    link = f"{self._place}{item.stem.head}{item.tail.decode()}"
                    drawing.scopes["item"] = {**self._values.shared(item), "mute_url": link}
                    drawing.scopes[f"loop {loop.kind}"] = _places(number, len(items))
                    append(self._slot(piece, drawing))

    def _shared(
        self, loop: ReadyLoop, key: tuple[Any, ...], item: ItemValues, drawing: Drawing
    ) -> tuple[bytes | ReadySlot, ...]:
        """Fill what is the same for all who are shown a story for the same reason."""
        drawing.scopes["item"] = self._values.shared(item)
        first = key[5] if loop.tells_first else None
        last = key[6] if loop.tells_last else None
        pieces: list[bytes | ReadySlot] = []
        for piece in loop.pieces(ItemKey(*(*key[:5], first, last))):
            if isinstance(piece, ReadyLoop):
                raise Unfit("a loop inside of a story")
            made: bytes | ReadySlot = piece
            if isinstance(piece, ReadySlot) and piece.is_shared:
                made = self._slot(piece, drawing)
            if isinstance(made, bytes) and pieces and isinstance(pieces[-1], bytes):
                pieces[-1] += made
            else:
                pieces.append(made)
        return tuple(pieces)

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


def _body(letter: Letter, text: bytes, html: bytes) -> tuple[bytes, ...]:
    if letter.format is not MailFormat.HTML:
        return _PART % b"plain", text
    boundary = boundary_of(letter.key).encode()
    return (
        b'Content-Type: multipart/alternative; boundary="%s"\r\n\r\n--%s\r\n'
        % (boundary, boundary),
        _PART % b"plain",
        text,
        b"\r\n--%s\r\n" % boundary,
        _PART % b"html",
        html,
        b"\r\n--%s--\r\n" % boundary,
    )


def _append(out: list[bytes], piece: bytes) -> None:
    """Append a piece; of two empty lines in a row one is enough."""
    if piece[:2] == b"\r\n" and out and out[-1][-4:] == b"\r\n\r\n":
        piece = piece[2:]
    if piece:
        out.append(piece)


def _places(number: int, count: int) -> dict[str, str]:
    return {"index": str(number + 1), "index0": str(number), "length": str(count)}
