"""A mail as a reader has it before her: its links by what they are for."""

import email
import email.policy
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Letter:
    """One mail that arrived."""

    to: str
    subject: str
    text: str
    html: str
    one_click: str

    def link(self, purpose: str) -> str:
        """The first link of a purpose, as the HTML part has it."""
        [found, *_] = re.findall(rf'href="(http://127\.0\.0\.1:\d+/{purpose}/[^"]+)"', self.html)
        return str(found)


def read_letter(content: bytes) -> Letter:
    """Read a mail as it came over the wire."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = {}
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        parts[kind] = part.get_content() if part is not None else ""
    return Letter(
        to=str(message["To"]),
        subject=str(message["Subject"]),
        text=parts["plain"],
        html=parts["html"],
        one_click=str(message.get("List-Unsubscribe", "")).strip("<>"),
    )
