"""The list under an article: titles of older stories, each with its date.

Knows that title and date may stand in either order, on one line or two, and that day and month are
written in one order throughout a list.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mailer.core.hygiene import clean_header
from mailer.core.stories import SeeAlso
from mailer.ingest.dates import PrintedDate, read_printed
from mailer.ingest.drafts import TITLE_CHARACTERS, is_kicker_line

_BULLET: Final = re.compile(r"(?:[-*•·»>▪‣–]|\d{1,2}[.)])\s+")
_AFTER_DATE: Final = re.compile(r"[)\],:|–—]*\s+(?:[-|–—]\s+)?|[)\]:|–—]+")


@dataclass(slots=True)
class _Entry:
    title: str = ""
    date: PrintedDate | None = None


def read_see_also(
    lines: Iterable[str], *, links: Mapping[str, str], before: datetime | None
) -> tuple[SeeAlso, ...]:
    """Return the stories of a list, in its order. `links` maps titles to addresses.

    One date that can be read in one way only decides for the whole list. When none does, the order
    in which no story is later than `before` counts; when both or neither are, day first.
    """
    entries = _paired(lines)
    dated_count = sum(1 for entry in entries if entry.date)
    while 2 * dated_count > len(entries) and entries[-1].date is None:
        entries.pop()  # In a list of dated titles the words at its end are the page's footer.
    day_first = _day_first([entry.date for entry in entries if entry.date], before)
    return tuple(
        SeeAlso(
            entry.title,
            _address(entry.title, links),
            entry.date.at(day_first=day_first).date() if entry.date else None,
        )
        for entry in entries
        if entry.title
    )


def _address(title: str, links: Mapping[str, str]) -> str:
    title = clean_header(title)
    if title in links:
        return links[title]
    # The link may hold the date or the kicker too; a short title could stand in many.
    inside = (href for text, href in links.items() if len(title) >= 12 and title in text)
    return next(inside, "")


def _paired(lines: Iterable[str]) -> list[_Entry]:
    parts = [_part(line) for raw in lines if (line := _BULLET.sub("", raw, count=1).strip())]
    dates_first = bool(parts) and isinstance(parts[0], PrintedDate)
    entries: list[_Entry] = []
    for index, part in enumerate(parts):
        last = entries[-1] if entries else _Entry("-")
        if isinstance(part, _Entry):
            entries.append(part)
        elif isinstance(part, PrintedDate):
            if dates_first or not entries:
                entries.append(_Entry(date=part))
            elif last.date is None:
                last.date = part
        elif _is_kicker(part) and _is_title(parts[index + 1 : index + 2]):
            continue  # The kicker of the story whose title comes next.
        elif dates_first and not last.title:
            last.title = part
        else:
            entries.append(_Entry(part))
    return entries


def _is_kicker(title: str) -> bool:
    return is_kicker_line(title) or (title.isupper() and len(title.split()) <= 3)


def _is_title(parts: list[str | PrintedDate | _Entry]) -> bool:
    return bool(parts) and not isinstance(parts[0], PrintedDate)


def _part(line: str) -> str | PrintedDate | _Entry:
    """Return what a line is: a date, a title with its date in either order, or a title alone."""
    line = line[: TITLE_CHARACTERS + 100]
    if date := read_printed(line):
        return date
    # From the longest possible date to the shortest: behind the day may stand the hour.
    for sign in reversed(list(_AFTER_DATE.finditer(line[:40]))):
        title = line[sign.end() :].strip()
        if title and (date := read_printed(line[: sign.start()].lstrip("(["))):
            return _Entry(title, date)
    near_end = max(0, len(line) - 40)
    for place in re.finditer(r"(?<=[\s(\[])\w", line[near_end:]):
        head, tail = line[: near_end + place.start()], line[near_end + place.start() :]
        title = head.rstrip(" ,;|([–—-")
        # 'The treaty of 12 May 1976' is a title; with a sign before it the date is one.
        is_parted = title != head.rstrip() or not any(map(str.isalpha, tail))
        if title and is_parted and (date := read_printed(tail.rstrip(" )]"))):
            return _Entry(title, date)
    return line


def _day_first(dates: list[PrintedDate], before: datetime | None) -> bool:
    for date in dates:
        if date.is_numeric and date.day_first is not None:
            return date.day_first
    if before is not None:
        day_first_fits = all(date.at(day_first=True) <= before for date in dates)
        if not day_first_fits and all(date.at(day_first=False) <= before for date in dates):
            return False
    return True
