"""Foreign text made harmless for the place where it will stand.

Threats S1 and S21: control characters in headers and terminals. HTML is left to the sanitiser
and to Jinja.
"""

import re
import unicodedata

HEADER_CHARACTERS = 200  # Longer subjects are cut by every mail client we know of.

# C0, DEL, C1, line and paragraph separators, bidi controls and isolates, invisible format
# characters that only ever hide something, and lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNSAFE_IN_TEXT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def clean_header(text: str, limit: int = HEADER_CHARACTERS) -> str:
    """Return one line of NFC text that is safe in a mail header, at most `limit` characters.

    What separates words (line breaks, tabs) becomes a space; what only hides is dropped. What
    reads like an encoded word ("=?utf-8?…") stays as text: who writes the header encodes it, for
    the standard library would decode it and write the line break it may hold.
    """
    if not (text.isascii() and text.isprintable()):
        text = re.sub("[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+", " ", text)
        text = unicodedata.normalize("NFC", _UNSAFE.sub("", text))
    text = " ".join(text.split())
    if len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return text


def clean_text(text: str) -> str:
    """Return NFC text of lines that end in LF, without control characters.

    Whatever Unicode calls a line break becomes one: form feeds must not glue words together.
    """
    text = re.sub("\r\n?|[\v\f\x1c-\x1e\u0085\u2028\u2029]", "\n", text)
    return unicodedata.normalize("NFC", _UNSAFE_IN_TEXT.sub("", text))


def safe_terminal(text: str) -> str:
    """Return text that cannot steer a terminal: escapes show as hex digits, tabs as spaces.

    Line breaks stay; a caller that wants one line uses clean_header.
    """
    text = text.replace("\r\n", "\n").expandtabs(8)
    return "".join(
        character
        if character == "\n" or not _UNSAFE.match(character)
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )
