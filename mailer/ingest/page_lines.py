"""The lines of a printed page, each with what it looks like on its own.

Knows what a date, a kicker, a byline and a dateline look like. What they are depends on where they
stand: that is the page parser's.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mailer.core.kickers import kicker_labels
from mailer.ingest.dates import PrintedDate, read_printed
from mailer.ingest.drafts import is_kicker_line
from mailer.ingest.page_words import Marker, marker

_NAME: Final = r"[^\W\d_](?:[\w.'’-]*[\w.])?"
_BYLINE: Final = re.compile(
    rf"(?:by|di|de|da|do|por|par|von)\s+(?P<names>{_NAME}(?:(?:,?\s+|\s*&\s*|/){_NAME}){{0,11}})",
    re.IGNORECASE,
)
_CHINESE_BYLINE: Final = re.compile(
    r"(?:作者|文|记者|記者|撰文)\s*[:\uff1a/|]?\s*(?P<names>[\w·\u2027.\s、]{2,40})"
)
_SMALL_WORDS: Final = frozenset({
    "al", "and", "avec", "bin", "bint", "con", "da", "dal", "das", "de", "del", "della", "den",
    "der", "di", "dos", "du", "e", "ed", "el", "en", "et", "i", "ibn", "in", "la", "le", "mit",
    "und", "van", "von", "with", "y",
})  # fmt: skip
_AGENCY: Final = re.compile(
    r"(?P<place>[^\W\d_][\w .,'’/\u2019-]{0,58}[\w.])\s*\((?P<agency>[^()]{2,40})\)\s*"
    r"[-\u2013\u2014\u2015:]+\s*(?P<rest>\S.*)",
    re.DOTALL,
)
_CHINESE_AGENCY: Final = re.compile(
    r"(?P<place>[\w·/、\s]{2,20})\s*[(\uff08](?P<agency>[^()\uff08\uff09]{2,30})[)\uff09]\s*"
    r"[-\u2013\u2014\u2015\uff0d\u2500:\uff1a]*\s*(?P<rest>\S.*)",
    re.DOTALL,
)
_BARE_PLACE: Final = re.compile(
    r"(?P<place>[^\W\d_][\w.'’-]*(?:[ /,]{1,2}[^\W\d_][\w.'’-]*){0,3})"
    r"(?:,? (?P<date>[A-Za-z]{3,9}\.? \d{1,2}))?\s+[\u2013\u2014]+\s+(?P<rest>\S.*)",
    re.DOTALL,
)
_DAY: Final = re.compile(r",?\s+(?:[A-Za-z]{3,9}\.?\s+\d{1,2}|\d{1,2}\s+[^\W\d_]{3,10})\Z")
_DATE_LAST: Final = re.compile(r"(?P<head>\D{3,80}?)[\s,|–—-]+(?P<date>\d{1,4}[./-]\d.{3,30})")
_LONGEST_BYLINE: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not empty. `blank_count` lines stood empty before it."""

    text: str
    blank_count: int = 0
    marker: Marker | None = None
    date: PrintedDate | None = None
    is_kicker: bool = False
    may_be_kicker: bool = False
    byline: str = ""

    @property
    def is_text(self) -> bool:
        """Say whether the line may be a headline, a lead or a paragraph."""
        return not (self.marker or self.date or self.is_kicker or self.byline)


def read_page_lines(lines: Iterable[str]) -> list[Line]:
    """Return the lines that hold something; those of a paragraph broken by hand become one."""
    groups: list[list[Line]] = []
    blank_count = 0
    for raw in lines:
        for text in _segments(" ".join(raw.split())):
            line = _line(text, blank_count)
            if blank_count or not groups or not (groups[-1][-1].is_text and line.is_text):
                groups.append([])
            groups[-1].append(line)
            blank_count = 0
        if not raw.strip():
            blank_count += 1
    if not any(len(group) > 2 and _is_broken(group) for group in groups):
        return [line for group in groups for line in group]
    return [line for group in groups for line in (_joined(group) if _is_broken(group) else group)]


def split_dateline(paragraph: str) -> tuple[str, str]:
    """Part 'Seoul (Agency) – Text' into place and text; ('', paragraph) when none stands there."""
    for pattern in (_AGENCY, _CHINESE_AGENCY, _BARE_PLACE):
        found = pattern.match(paragraph)
        if found is None:
            continue
        place, rest = _DAY.sub("", found["place"]).strip(" ,"), found["rest"]
        if pattern is _CHINESE_AGENCY:
            fits = not place.isascii()
        elif pattern is _AGENCY:
            fits = _is_place(place)
        else:
            # Without an agency any sentence with a dash in it could look so.
            fits = place.isupper() or (_is_place(place) and found["date"] is not None)
        if fits and not rest.lstrip("\"'“‘«„")[:1].islower():
            return ", ".join(kicker_labels(place)) if place.isupper() else place, rest
    return "", paragraph


def is_prose(line: str) -> bool:
    """Say whether a line reads like a paragraph: long, or a sentence that ends."""
    wide = sum(1 for character in line if character > "\u2e7f")
    length = len(line) + 2 * wide
    ends = line.rstrip("\"'”’»\uff09)」").endswith(
        (".", "!", "?", "…", "\u3002", "\uff01", "\uff1f")
    )
    return length >= 160 or (ends and length >= 60)


def _segments(line: str) -> list[str]:
    """Part 'by X | 16 October 2023' and 'JAPAN, 10/16/2023', which belong on lines of their own."""
    if len(line) > 200:
        return [line]
    parts = [part.strip() for part in re.split(r"\s[|•·]\s", f" {line} ") if part.strip()]
    if len(parts) > 1 and any(read_printed(part) or _byline(part) for part in parts):
        return parts
    if (found := _DATE_LAST.fullmatch(line)) and read_printed(found["date"]):
        head = found["head"]
        if _byline(head) or (head.isupper() and not marker(head)):
            return [head, found["date"]]
    return [line] if line else []


def _line(text: str, blank_count: int) -> Line:
    found = marker(text)
    date = None if found else read_printed(text)
    if found or date or len(text) > 200:
        return Line(text, blank_count, found, date)
    labels = kicker_labels(text)
    short = bool(labels) and all(len(label) <= 40 and label.count(" ") < 4 for label in labels)
    kicker = short and is_kicker_line(text) and len(labels) <= 8
    byline = "" if kicker else _byline(text)
    return Line(
        text,
        blank_count,
        is_kicker=kicker,
        may_be_kicker=short and not byline and not kicker and _may_be_kicker(text, labels),
        byline=byline,
    )


def _may_be_kicker(text: str, labels: tuple[str, ...]) -> bool:
    if text.endswith((".", "!", "?", ":", "…", ",")) or any(map(str.isdigit, text)):
        return False
    if len(labels) == 1:
        return text.isupper() and len(text.split()) <= 3
    return len(labels) <= 6 and all(len(label) <= 30 and label.count(" ") < 3 for label in labels)


def _byline(text: str) -> str:
    """Return the names in a byline; empty when the line is none."""
    if len(text) > _LONGEST_BYLINE:
        return ""
    if found := _CHINESE_BYLINE.fullmatch(text):
        return found["names"].strip()
    found = _BYLINE.fullmatch(text)
    if found is None:
        return ""
    words = re.split(r"[\s,&/]+", found["names"])
    large = [word for word in words if word.lower() not in _SMALL_WORDS]
    if not large or not all(_starts_capital(word) or not word.isascii() for word in large):
        return ""
    return found["names"]


def _starts_capital(text: str) -> bool:
    return text[:1].isupper() or (text[:1].isalpha() and text[:1].lower() == text[:1].upper())


def _is_place(text: str) -> bool:
    words = [word for word in re.split(r"[\s,/]+", text) if word.lower() not in _SMALL_WORDS]
    return len(words) <= 6 and all(_starts_capital(word) for word in words)


def _is_broken(group: list[Line]) -> bool:
    """Say whether lines look like one paragraph that was broken to a width of up to 100."""
    return (
        len(group) > 1
        and all(45 <= len(line.text) <= 100 and line.is_text for line in group[:-1])
        and len(group[-1].text) <= 100
        and group[-1].is_text
    )


def _joined(group: list[Line]) -> list[Line]:
    return [Line(" ".join(line.text for line in group), group[0].blank_count)]
