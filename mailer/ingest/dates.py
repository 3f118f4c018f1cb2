"""Instants from what programs write, and dates from what people print.

A time without a zone is taken as UTC. Which of day and month comes first is often not to be seen in
one date: a PrintedDate keeps both readings until the caller knows more.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

# In English, Italian, Spanish, Portuguese, French and German, without accents, with the usual
# abbreviations: each means one month in all six.
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january gennaio enero janeiro janvier januar jan gen ene janv",
            "february febbraio febrero fevereiro fevrier februar feb fev fevr",
            "march marzo marco mars marz mar",
            "april aprile abril avril apr abr avr",
            "may maggio mayo maio mai mag",
            "june giugno junio junho juin juni jun giu",
            "july luglio julio julho juillet juli jul lug juil",
            "august agosto aout aug ago",
            "september settembre septiembre setembro septembre sep sept set",
            "october ottobre octubre outubro octobre oktober oct ott okt out",
            "november novembre noviembre novembro nov",
            "december dicembre diciembre dezembro decembre dezember dec dic dez",
        ),
        start=1,
    )
    for name in names.split()
}

_WEEKDAY: Final = re.compile(
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
    r"|lune?di|marte?di|mercoledi|giovedi|venerdi|sabato|domenica"
    r"|lunes|martes|miercoles|jueves|viernes|sabado|domingo"
    r"|(?:segunda|terca|quarta|quinta|sexta)(?:-feira)?"
    r"|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
    r"|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch"
)
_LABEL: Final = re.compile(
    r"(?:(?:date|fecha|data|published|posted|updated|publie|publicado|pubblicato|aggiornato"
    r"|\u53d1\u5e03\u65f6\u95f4|\u65e5\u671f)(?: (?:on|il|el|le|em))?\s*[:\uff1a]?|on|il|el|le)\s+"
    r"|(?:\u53d1\u5e03\u65f6\u95f4|\u65e5\u671f)\s*[:\uff1a]"
)

# Abbreviations that mean one thing to newsrooms; IST and CST, for two, do not.
_ZONES: Final = {
    "utc": 0, "gmt": 0, "z": 0, "cet": 60, "cest": 120, "bst": 60, "est": -300, "edt": -240,
    "pst": -480, "pdt": -420, "jst": 540, "kst": 540, "hkt": 480, "sgt": 480, "ict": 420,
}  # fmt: skip

_TIME: Final = (
    r"(?:[\s,|\u2013\u2014-]+|\s*t\s*)(?:(?:at|alle|ore|a las|a|h)\s+)*"
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.]\d{2}(?:\.\d{1,6})?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?\s*(?:h|hrs|uhr)?"
    r"\s*\(?(?P<zone>[a-z]{1,4})?(?P<offset>[+\u2212-]\d{1,2}(?::?\d{2})?)?\)?"
)
_NUMERIC: Final = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[/.\-])(?P<second>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d{{2}})(?:{_TIME})?"
)
_YEAR_FIRST: Final = re.compile(
    r"(?P<year>\d{4})\s*(?:[/.\-]|\u5e74)\s*(?P<first>\d{1,2})\s*(?:[/.\-]|\u6708)\s*"
    rf"(?P<second>\d{{1,2}})\s*\u65e5?(?:{_TIME})?"
)
_DAY_MONTH: Final = re.compile(
    r"(?P<second>\d{1,2})(?:st|nd|rd|th|er|\u00ba|\u00b0|o|\.)?,?[\s\-]*(?:(?:of|de|di|do)\s+)?"
    rf"(?P<month>[a-z]{{3,10}})\.?,?[\s\-]*(?:(?:of|de|del|di|do)\s+)?(?P<year>\d{{4}})(?:{_TIME})?"
)
_MONTH_DAY: Final = re.compile(
    r"(?P<month>[a-z]{3,10})\.?\s+(?P<second>\d{1,2})(?:st|nd|rd|th)?,?\s+"
    rf"(?P<year>\d{{4}})(?:{_TIME})?"
)

# A printed date with weekday, label, time and zone stays below this.
_LONGEST_DATE: Final = 80


@dataclass(frozen=True, slots=True)
class PrintedDate:
    """A date as printed. `first` and `second` are month and day, in an order that may be open.

    `day_first` is None while both readings are possible. `is_numeric` says that day and month are
    numbers beside slashes or dashes, written in an order that says something about other dates.
    """

    year: int
    first: int
    second: int
    time: timedelta = timedelta()
    day_first: bool | None = None
    is_numeric: bool = False

    def at(self, *, day_first: bool) -> datetime:
        """Return the instant; `day_first` counts only where the date itself leaves it open."""
        decided = day_first if self.day_first is None else self.day_first
        month, day = (self.second, self.first) if decided else (self.first, self.second)
        return datetime(self.year, month, day, tzinfo=UTC) + self.time


def read_instant(text: str) -> datetime | None:
    """Return the instant that ISO 8601 or RFC 5322 text names, in UTC; None when unreadable.

    A date alone means its first moment.
    """
    try:
        return in_utc(written) if (written := _written(text)) else None
    except OverflowError:
        return None


def _written(text: str) -> datetime | None:
    text = text.strip()
    if not text or len(text) > _LONGEST_DATE:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def in_utc(instant: datetime) -> datetime:
    """Return the same instant in UTC; one without a zone is UTC already."""
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC)


def read_printed(line: str) -> PrintedDate | None:
    """Return the date that a whole line is, with or without weekday, label and time; else None."""
    if not line or len(line) > _LONGEST_DATE or not any(map(str.isdigit, line)):
        return None
    text = _plain(line)
    for candidate in dict.fromkeys((text, _without_label(text))):
        for pattern in (_YEAR_FIRST, _NUMERIC, _DAY_MONTH, _MONTH_DAY):
            if (found := pattern.fullmatch(candidate)) and (read := _printed(found, pattern)):
                return read
    return None


def read_date(line: str) -> date | None:
    """Return the day that a line names beyond doubt, as it stands there; else None."""
    if written := _written(line):
        return written.date()
    printed = read_printed(line)
    if printed is None or printed.day_first is None:
        return None
    return printed.at(day_first=printed.day_first).date()


def _plain(line: str) -> str:
    """Return the line in lower case, without accents and doubled spaces."""
    decomposed = unicodedata.normalize("NFKD", line).lower().replace("\u2011", "-")
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def _without_label(text: str) -> str:
    if label := _LABEL.match(text):
        text = text[label.end() :]
    first, _, rest = text.partition(" ")
    return rest.lstrip("- ") if _WEEKDAY.fullmatch(first.rstrip(".,")) else text


def _printed(found: re.Match[str], pattern: re.Pattern[str]) -> PrintedDate | None:
    parts = found.groupdict()
    time = _time(parts)
    if time is None:
        return None
    year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)
    second = int(parts["second"])
    if month := parts.get("month"):
        if month not in _MONTHS:
            return None
        printed = PrintedDate(year, _MONTHS[month], second, time, day_first=False)
    else:
        first = int(parts["first"])
        day_first: bool | None = None
        if pattern is _YEAR_FIRST or second > 12:
            day_first = False
        elif first > 12 or parts["mark"] == ".":
            day_first = True  # Dotted dates are written day first wherever they are written.
        elif first == second:
            day_first = False
        numeric = pattern is _NUMERIC and parts["mark"] != "." and first != second
        printed = PrintedDate(year, first, second, time, day_first, numeric)
    return printed if 1900 <= year <= 2100 and _exists(printed) else None


def _exists(printed: PrintedDate) -> bool:
    try:
        for day_first in (False, True):
            printed.at(day_first=day_first)
    except (ValueError, OverflowError):
        return False
    return True


def _time(parts: dict[str, str | None]) -> timedelta | None:
    """Return the time since midnight UTC; None when there is none such."""
    if parts["hour"] is None:
        return timedelta()
    hour, minute = int(parts["hour"]), int(parts["minute"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if parts["half"] == "p" else 0)
    zone = parts["zone"] or "utc"
    if hour > 24 or minute > 59 or zone not in _ZONES:
        return None
    offset = timedelta(minutes=_ZONES[zone])
    if shift := re.fullmatch(r"([+\u2212-])(\d{1,2}):?(\d{2})?", parts["offset"] or ""):
        far = timedelta(hours=int(shift[2]), minutes=int(shift[3] or 0))
        offset += far if shift[1] == "+" else -far
        if abs(offset) > timedelta(hours=14):
            return None
    return timedelta(hours=hour, minutes=minute) - offset
