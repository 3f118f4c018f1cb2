"""What text weighs once it is encoded for the wire, and how it is cut to a weight.

Readers write in scripts whose letters weigh 9 or 12 bytes each in quoted-printable, others 1: a
limit in characters would either starve the one or overfill the mail for the other.
"""

import binascii
from typing import Final

_ELLIPSIS: Final = "…"
# As heavy as HTML makes them, in text or in an attribute.
_ESCAPED: Final = {"&": 5, "<": 4, ">": 4, '"': 6, "'": 5, "=": 3}


def quoted_printable(text: str) -> bytes:
    """Return the body of a part in quoted-printable, lines of at most 76 octets ending in CRLF.

    Each line is encoded by itself, so the encoding of two texts put below each other is the sum of
    the two. A lone dot is encoded: no line can end an SMTP dialogue (S4).
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    whole = "\r\n".join(lines) + "\r\n"
    return binascii.b2a_qp(whole.encode("utf-8"), quotetabs=False, istext=True, header=False)


def wire_length(text: str) -> int:
    """Return what one line weighs at most, escaped for HTML, in quoted-printable, unbroken."""
    plain = text.encode("ascii", "ignore")
    weight = len(plain)
    for each, size in _ESCAPED.items():
        weight += text.count(each) * (size - 1)
    if len(plain) < len(text):
        weight += 3 * (len(text.encode("utf-8", "surrogatepass")) - len(plain))
    return weight


def shorten(text: str, limit: int) -> str:
    """Return the text, cut at a word and with an ellipsis when it weighs more than `limit`.

    `limit` counts bytes as `wire_length` does.
    """
    if len(text) * 12 <= limit or wire_length(text) <= limit:
        return text
    left = limit - wire_length(_ELLIPSIS)
    end = 0
    while end < len(text) and left >= _weight(text[end]):
        left -= _weight(text[end])
        end += 1
    at_word = text.rfind(" ", 0, end + 1)
    # Without a space near the end the text is one long word, or of a script that has none.
    cut = text[:at_word] if at_word > end * 2 // 3 else text[:end]
    return cut.rstrip(" ,;:–—-·") + _ELLIPSIS


def _weight(character: str) -> int:
    if character.isascii():
        return _ESCAPED.get(character, 1)
    return 3 * len(character.encode("utf-8", "surrogatepass"))
