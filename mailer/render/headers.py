r"""Writing header fields, folded and encoded, the same on every version of Python.

The folding of the standard library breaks a long List-Unsubscribe into encoded words (one-click is
then dead), loses spaces between encoded words and forgets quotes around folded names. So values
come here as text and leave as lines; `email.message` only puts them in their places.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Final

from mailer.core.hygiene import clean_header

_NAME_CHARACTERS: Final = 80
_LINE: Final = 78  # Recommended by RFC 5322 section 2.1.1.
LONGEST_LINE: Final = 998  # Allowed by the same.
_WORD_OCTETS: Final = 45  # 60 of base64 and 12 around them: under the 75 of RFC 2047 section 2.
_ATOMS: Final = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*")
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9_+-]+(?:[.][A-Za-z0-9_+-]+)*@[A-Za-z0-9.-]+")
_PLAIN: Final = re.compile(r"[\x20-\x7e]*")


class Field(str):
    """A value that is already folded: lines joined by CRLF, all but the first indented.

    Has what `EmailMessage` asks of a parsed header, so it writes the value as it stands.
    """

    __slots__ = ("name",)
    name: str
    max_count = 1

    def fold(self, *, policy: EmailPolicy) -> str:
        """Return the whole field, name and final line end included."""
        return f"{self.name}: {self}{policy.linesep}"


def set_field(message: EmailMessage, name: str, value: str) -> None:
    """Put a folded value into a message; raises ValueError for lines that no server need take."""
    field = Field(value)
    field.name = name
    for line in f"{name}: {value}".split("\r\n"):
        if len(line.encode()) > LONGEST_LINE or re.search(r"[\r\n\x00]", line):
            raise ValueError(f"{name} cannot be written: '{clean_header(line, 80)}'")
    message[name] = field


def text_field(name: str, text: str) -> str:
    """Return free text for the field `name`: a subject."""
    text = clean_header(text)
    if _PLAIN.fullmatch(text) and "=?" not in text:
        return _folded(len(name) + 2, text.split(" "))
    return _folded(len(name) + 2, list(_encoded_words(text)))


def mailbox(name: str, shown: str, address: str) -> str:
    """Return one mailbox for the field `name`; `address` is the wire's, `shown` may be empty."""
    where = address
    # Most are as they must be, and Address takes 8 µs to find that out.
    if not _PLAIN_ADDRESS.fullmatch(address):
        username, _, domain = address.rpartition("@")
        # Address refuses line ends and quotes what needs it.
        where = Address(username=username, domain=domain).addr_spec
    shown = clean_header(shown, _NAME_CHARACTERS)
    return _named(name, shown, where) if shown else where


def named(name: str, shown: str, where: str) -> str:
    """Return `Shown <where>` for the field `name`, quoted or encoded as it must be."""
    return _named(name, clean_header(shown, _NAME_CHARACTERS), where)


def _named(name: str, shown: str, where: str) -> str:
    if not _PLAIN.fullmatch(shown) or "=?" in shown:
        words = list(_encoded_words(shown))
    elif _ATOMS.fullmatch(shown):
        words = shown.split(" ")
    else:
        words = ['"' + re.sub(r'(["\\])', r"\\\1", shown) + '"']
    return _folded(len(name) + 2, [*words, f"<{where}>"])


def _encoded_words(text: str) -> Iterator[str]:
    """Yield encoded words, each of whole characters: RFC 2047 section 5 (3) forbids parting one."""
    if len(text.encode()) <= _WORD_OCTETS:
        yield _encoded_word(text)
        return
    chunk = ""
    for character in text:
        if len((chunk + character).encode()) > _WORD_OCTETS:
            yield _encoded_word(chunk)
            chunk = ""
        chunk += character
    if chunk:
        yield _encoded_word(chunk)


def _encoded_word(text: str) -> str:
    return f"=?utf-8?b?{b64encode(text.encode()).decode()}?="


def _folded(used: int, words: list[str]) -> str:
    """Join words by spaces, or by line ends where a line would be too long."""
    lines: list[str] = []
    line = ""
    for word in words:
        if line and used + len(line) + 1 + len(word) > _LINE:
            lines.append(line)
            line, used = word, 1
        else:
            line = f"{line} {word}" if line else word
    lines.append(line)
    return "\r\n ".join(lines)
