"""The head of messages: fields that are the same in all, with the reader's own between them."""

from itertools import groupby
from typing import Final

from mailer.core.addresses import Address
from mailer.core.letters import Letter
from mailer.core.tokens import Signer
from mailer.render.filling import Unfit
from mailer.render.headers import mailbox, text_field
from mailer.render.memory import Memory
from mailer.render.message import OWN_FIELDS, header_fields, wire_message_id
from mailer.render.site import Site

_LONGEST: Final = 900


class Heads:
    """Writes the heads of messages of one newsletter, cadence and moment."""

    def __init__(self, site: Site, signer: Signer) -> None:
        self._site = site
        self._signer = signer
        self._subjects = Memory()
        # Names of own fields, and between them the lines of all others.
        self._parts: list[str | bytes] = []

    def of(
        self, letter: Letter, recipient: Address, subject: str, unsubscribe_url: str
    ) -> list[bytes]:
        """Return the head of a letter's message but for what says how its body is made."""
        if not subject:
            raise Unfit("it has no subject")
        parts = self._parts or self._shared(letter, recipient, subject)
        head: list[bytes] = []
        for part in parts:
            if isinstance(part, bytes):
                head.append(part)
            elif part == "Subject":
                head.append(self._subject(subject))
            elif part == "To":
                # Cleaned and folded already: it may have several lines.
                head.append(mailbox("To", letter.name, recipient.wire).encode())
            elif part == "Message-ID":
                head.append(_fit(part, wire_message_id(letter.message_id)))
            else:
                head.append(_fit(part, f"<{unsubscribe_url}>"))
        return head

    def _shared(self, letter: Letter, recipient: Address, subject: str) -> list[str | bytes]:
        """Work out, with the first letter, what stands in all heads."""
        fields = header_fields(letter, subject, self._site, self._signer, recipient)
        parts: list[str | bytes] = []
        before = b""
        for is_own, group in groupby(fields, lambda field: field[0] in OWN_FIELDS):
            for name, value in group:
                if is_own:
                    parts += (before + name.encode() + b": ", name)
                    before = b"\r\n"
                else:
                    before += f"{name}: {value}\r\n".encode()
        self._parts = [*parts, before + b"MIME-Version: 1.0\r\n"]
        return self._parts

    def _subject(self, subject: str) -> bytes:
        known: bytes | None = self._subjects.get(subject)
        if known is None:
            known = text_field("Subject", subject).encode()
            self._subjects.keep(subject, known)
        return known


def _fit(name: str, value: str) -> bytes:
    """Return the value of an own field; Unfit when it is no line."""
    if len(value) > _LONGEST or not value.isprintable():
        raise Unfit(f"its {name} is long, or has several lines")
    return value.encode()
