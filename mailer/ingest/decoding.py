"""Bytes to characters: which encoding a document is in, and whether it is text at all."""

import re
from typing import Final

from mailer.errors import RejectedDocument

_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    # No mark, but markup that begins with an ASCII character in four bytes, or two.
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
    (b"{\x00", "utf-16-le"),
    (b"\x00{", "utf-16-be"),
)

# What newsrooms send by mistake, and what to send instead.
_FORMATS: Final = (
    (b"%PDF", "is a PDF: save the page as text or HTML"),
    (b"PK\x03\x04", "is a zip or office file: unpack it, or save it as text"),
    (b"\xd0\xcf\x11\xe0", "is an old office file: save it as text"),
    (b"{\\rtf", "is a rich text file: save it as text"),
    (b"\x1f\x8b", "is compressed: unpack it first"),
    (b"\x89PNG", "is a picture: give the page's text"),
    (b"\xff\xd8\xff", "is a picture: give the page's text"),
    (b"GIF8", "is a picture: give the page's text"),
)

# Python also knows codecs that are not encodings of documents (punycode, unicode_escape), and
# some of those are slow on purpose-made input.
_DOCUMENT_ENCODING: Final = re.compile(
    r"utf-?(8|16|16-?le|16-?be|32)|us-ascii|ascii|latin-?1|(iso-?|iso_)?8859-?\d{1,2}"
    r"|(windows-|cp)(125\d|874|949|932|936|950)|koi8-[ru]|mac-?roman|tis-620"
    r"|gb2312|gbk|gb18030|big5(-hkscs)?|shift[_-]jis|sjis|euc-(jp|kr)|iso-2022-(jp|kr)"
)
_ISO_LATIN_1: Final = re.compile(r"us-ascii|ascii|latin-?1|(iso-?|iso_)?8859-?1")

_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_DECLARED: Final = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.I)

_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def decode(content: bytes, *, name: str, content_type: str = "") -> str:
    """Return the text of a document, without a byte order mark.

    Believes, in this order: the mark, the charset of `content_type`, the encoding that XML or HTML
    declares, UTF-8, and at last Windows-1252, which takes any byte.
    Raises RejectedDocument for what is no text.
    """
    for magic, mend in _FORMATS:
        if content.startswith(magic):
            raise RejectedDocument(f"{name!r} {mend}")
    text = _decoded(content, content_type)
    head = text[:65_536]
    # Random bytes hold 1 control character in 9; broken but readable text a handful in all.
    if "\x00" in head or len(_CONTROLS.findall(head)) > max(4, len(head) // 100):
        raise RejectedDocument(
            f"{name!r} is not text: give a feed, JSON Lines, or an article as text or HTML"
        )
    return text


def _decoded(content: bytes, content_type: str) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace").removeprefix("\ufeff")
    for encoding in (*_declared(content, content_type), "utf-8"):
        try:
            return content.decode(encoding)
        except UnicodeError:
            continue
    return content.decode("cp1252", "replace")


def _declared(content: bytes, content_type: str) -> list[str]:
    names = []
    if found := _CHARSET.search(content_type[:1000]):
        names.append(found[1])
    # 1024: how far the HTML standard looks for a declaration (section 13.2.3.2).
    if content[:1024].lstrip().startswith(b"<") and (declared := _DECLARED.search(content[:1024])):
        names.append(declared[1].decode("ascii", "replace"))
    encodings = []
    for name in (name.lower() for name in names):
        if _ISO_LATIN_1.fullmatch(name):
            encodings.append("cp1252")  # As browsers do: the two differ where Latin-1 is empty.
        elif _DOCUMENT_ENCODING.fullmatch(name):
            encodings.append(name)
    return encodings
