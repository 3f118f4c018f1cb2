"""A message as its bytes stand, and as mail programs read it."""

import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from functools import cached_property


@dataclass(frozen=True)
class RawMessage:
    """A message as its bytes stand."""

    content: bytes

    @cached_property
    def parsed(self) -> EmailMessage:
        """What a mail program reads of it."""
        return BytesParser(EmailMessage, policy=default).parsebytes(self.content)

    @cached_property
    def fields(self) -> list[tuple[str, str, int]]:
        """The header fields: name, unfolded raw value, number of the first line."""
        head = re.split(rb"\r?\n\r?\n", self.content, maxsplit=1)[0]
        fields: list[tuple[str, str, int]] = []
        for number, whole in enumerate(head.decode("utf-8", "replace").split("\n"), start=1):
            line = whole.rstrip("\r")
            if line[:1] in (" ", "\t") and fields:
                name, value, first = fields[-1]
                fields[-1] = name, value + line, first
            elif ":" in line:
                name, _, value = line.partition(":")
                fields.append((name, value.strip(), number))
        return fields

    def values(self, name: str) -> list[tuple[str, int]]:
        """Return the raw values of a field, each with its line."""
        return [(v, line) for n, v, line in self.fields if n.strip().lower() == name.lower()]

    def part(self, subtype: str) -> str | None:
        """Return the decoded text or HTML part; None without one."""
        for part in self.parsed.walk():
            if part.get_content_type() == f"text/{subtype}" and not part.is_multipart():
                try:
                    return str(part.get_content()).replace("\r\n", "\n")
                except (LookupError, ValueError, KeyError):
                    payload = part.get_payload(decode=True)
                    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
        return None

    @property
    def is_bulk(self) -> bool:
        """Whether it goes to a list: then it must be possible to leave the list."""
        return bool(
            self.values("List-Id") or self.values("List-Unsubscribe") or self.values("Precedence")
        )

    @property
    def unsubscribe_url(self) -> str:
        """The web address for leaving, "" without one."""
        for value, _ in self.values("List-Unsubscribe"):
            if found := re.search(r"<\s*(https?:[^>\s]+)\s*>", value):
                return found[1]
        return ""
