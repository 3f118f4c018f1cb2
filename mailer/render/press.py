"""The press: messages of one edition, joined from its pieces and the values of each letter."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mailer.core.addresses import Address
from mailer.core.digests import Item, Shown
from mailer.core.hygiene import clean_header
from mailer.core.letters import Letter
from mailer.core.readers import MailFormat
from mailer.core.tokens import Signer
from mailer.render.edition import Loop, Page, Pieces
from mailer.render.filling import Unfit, fill, fit, value_of
from mailer.render.headers import mailbox, text_field
from mailer.render.letter_values import ItemValues, LetterValues, Memory, decisions_of
from mailer.render.links import Links
from mailer.render.message import OWN_FIELDS, boundary_of, header_fields, wire_message_id
from mailer.render.pieces import SlotAt, fields_of
from mailer.render.probes import SECTIONS, ItemKey, SectionKey
from mailer.render.site import Site
from mailer.render.slots import Field

_PART: Final = (
    b'Content-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
)
# What is the same for all stories that are shown for the same reason.
_SHARED: Final = (Field("item", "facts"), Field("item", "reason"))
_MUTE: Final = Field("item", "mute_url")


class NotCompiled(Exception):  # noqa: N818 - the caller compiles it
    """The letter has a story, or is of a kind, that no page of the edition has."""


class Drawing:
    """A letter while it is put together: its values, in the scopes that slots name."""

    __slots__ = ("fields", "lead", "letter", "mail", "sections", "told")

    def __init__(self, letter: Letter, values: LetterValues) -> None:
        self.letter = letter
        told: list[Item] = []
        parts: list[list[Item]] = []
        for section in letter.sections:
            parts.append([item for item in section.items if item.shown is not Shown.LINKED])
            told += parts[-1]
        if not told:
            raise Unfit("it tells no story")
        self.told = told
        self.mail = values.mail(letter, told)
        self.sections = [
            (values.section(section, len(items)), values.items(letter, items, told))
            for section, items in zip(letter.sections, parts, strict=True)
        ]
        self.lead: dict[str, Any] = {}
        self.fields: dict[str, str] = {}


class Press:
    """Joins messages of one newsletter, cadence, moment, locale and format.

    `pages` may grow: a page is looked for each letter.
    """

    def __init__(self, values: LetterValues, site: Site, signer: Signer) -> None:
        self.pages: list[Page] = []
        self._values = values
        self._site = site
        self._signer = signer
        self._links = Links(site, signer)
        self._place = self._links.mute_place()
        self._filled = Memory()
        self._drawn: dict[int, Memory] = {}
        self._subjects = Memory()
        self._head: list[tuple[str, bytes]] = []

    def needs(self, letter: Letter) -> dict[str, bool]:
        """Return the decisions of a letter, to compile a page for it."""
        drawing = Drawing(letter, self._values)
        lead = self._lead(drawing)
        return decisions_of(drawing.mail, lead)

    def has(self, letter: Letter) -> bool:
        """Say whether a page has all of a letter."""
        drawing = Drawing(letter, self._values)
        for page in self.pages:
            if self._is_for(page, drawing):
                try:
                    self._bodies(page, drawing)
                except KeyError:
                    continue
                return True
        return False

    def print(self, letter: Letter, recipient: Address) -> bytes:
        """Return the message of a letter.

        Raises NotCompiled, or Unfit for a letter that must go the plain way.
        """
        drawing = Drawing(letter, self._values)
        for page in self.pages:
            if not self._is_for(page, drawing):
                continue
            try:
                subject, text, html = self._bodies(page, drawing)
            except KeyError:
                continue
            head = self._headers(letter, recipient, drawing, subject)
            return b"".join((*head, *_body(letter, text, html)))
        raise NotCompiled(letter.key)

    def _is_for(self, page: Page, drawing: Drawing) -> bool:
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

    def _bodies(self, page: Page, drawing: Drawing) -> tuple[str, bytes, bytes]:
        scopes: dict[str, Mapping[str, str]] = {"mail": drawing.mail}
        if any(field.scope == "lead" for field in _fields(page)):
            scopes["lead"] = self._lead(drawing)
        subject = self._subject(page, scopes)
        text = b"".join(self._join(page.text, drawing, scopes)).lstrip(b"\r\n")
        while b"\r\n\r\n\r\n" in text:
            text = text.replace(b"\r\n\r\n\r\n", b"\r\n\r\n")
        html = b""
        if drawing.letter.format is MailFormat.HTML:
            html = b"".join(self._join(page.html, drawing, scopes))
        return subject, text.rstrip(b"\r\n") + b"\r\n", html

    def _subject(self, page: Page, scopes: Mapping[str, Mapping[str, str]]) -> str:
        parts = [
            part if isinstance(part, str) else value_of(part.entry, scopes) for part in page.subject
        ]
        subject = "".join(parts)
        return str(self._subjects.say(subject, lambda: clean_header(subject)))

    def _join(
        self, pieces: Pieces, drawing: Drawing, scopes: dict[str, Mapping[str, str]]
    ) -> list[bytes]:
        out: list[bytes] = []
        for piece in pieces:
            if isinstance(piece, bytes):
                out.append(piece)
            elif isinstance(piece, SlotAt):
                out.append(self._slot(piece, scopes))
            elif piece.kind == SECTIONS:
                self._sections(piece, drawing, scopes, out)
            else:
                items = [item for _, section in drawing.sections for item in section]
                self._items(piece, items, scopes, out)
        return out

    def _slot(self, slot: SlotAt, scopes: Mapping[str, Mapping[str, str]]) -> bytes:
        entry = slot.entry
        if isinstance(entry, Field) and entry.name.endswith(("_url", "email", "name")):
            return fill(slot.where, fit(scopes[entry.scope][entry.name]))
        values = tuple(scopes[field.scope][field.name] for field in fields_of(entry))
        key = (slot, values)
        known = self._filled.get(key)
        if known is None:
            known = self._filled.say(key, lambda: fill(slot.where, value_of(entry, scopes)))
        return known  # type: ignore[no-any-return]

    def _sections(
        self,
        loop: Loop,
        drawing: Drawing,
        scopes: dict[str, Mapping[str, str]],
        out: list[bytes],
    ) -> None:
        last = len(drawing.sections) - 1
        tells = _tells(loop)
        for number, (values, items) in enumerate(drawing.sections):
            key = SectionKey(
                bool(items),
                bool(values["more"]),
                number == 0 if tells[0] else None,
                number == last if tells[1] else None,
            )
            scopes["section"] = {**values, "more_url": drawing.mail["more_url"]}
            scopes["loop sections"] = _places(number, last + 1)
            for piece in loop.bodies[key]:
                if isinstance(piece, bytes):
                    out.append(piece)
                elif isinstance(piece, SlotAt):
                    out.append(self._slot(piece, scopes))
                else:
                    self._items(piece, items, scopes, out)

    def _items(
        self,
        loop: Loop,
        items: list[ItemValues],
        scopes: dict[str, Mapping[str, str]],
        out: list[bytes],
    ) -> None:
        if not items:
            return
        memory = self._drawn.get(id(loop.bodies))
        if memory is None:
            memory = self._drawn[id(loop.bodies)] = Memory()
        tells_first, tells_last = _tells(loop)
        last = len(items) - 1
        heads: dict[tuple[int, str], bytes] = {}
        for number, item in enumerate(items):
            story = item.story
            first = number == 0 if tells_first else None
            end = number == last if tells_last else None
            key = (
                (story.id, story.revision, item.is_full, item.is_lead, item.see_also, first, end),
                item.facts,
                item.reason,
            )
            pieces = memory.get(key)
            if pieces is None:
                body = loop.bodies[ItemKey(*key[0])]
                shared = {"item": {"facts": item.facts, "reason": item.reason}}
                pieces = memory.say(key, lambda: self._shared(body, shared))  # noqa: B023
            for piece in pieces:
                if isinstance(piece, bytes):
                    out.append(piece)
                elif piece.entry == _MUTE:
                    where = piece.where
                    head = heads.get((id(item.mutes), where))
                    if head is None:
                        head = fill(where, self._place + item.mutes.head) + b"=\r\n"
                        heads[id(item.mutes), where] = head
                    out += (head, item.mutes.tail(story.id).encode())
                else:
                    link = self._place + item.mutes.token(story.id)
                    scopes["item"] = {"facts": item.facts, "reason": item.reason, "mute_url": link}
                    scopes[f"loop {loop.kind}"] = _places(number, last + 1)
                    out.append(self._slot(piece, scopes))

    def _shared(
        self, body: Pieces, scopes: Mapping[str, Mapping[str, str]]
    ) -> tuple[bytes | SlotAt, ...]:
        """Fill what is the same for all who are shown a story for the same reason."""
        pieces: list[bytes | SlotAt] = []
        for piece in body:
            if isinstance(piece, Loop):
                raise Unfit("a loop inside of a story")
            made: bytes | SlotAt = piece
            if isinstance(piece, SlotAt) and all(f in _SHARED for f in fields_of(piece.entry)):
                made = self._slot(piece, scopes)
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


def _fields(page: Page) -> Iterator[Field]:
    for part in (*page.subject, *page.text, *page.html):
        if isinstance(part, SlotAt):
            yield from fields_of(part.entry)


def _tells(loop: Loop) -> tuple[bool, bool]:
    """Say whether a loop draws its first and its last turn in their own way."""
    key = next(iter(loop.bodies), None)
    return (False, False) if key is None else (key.first is not None, key.last is not None)


def _places(number: int, count: int) -> dict[str, str]:
    return {"index": str(number + 1), "index0": str(number), "length": str(count)}
