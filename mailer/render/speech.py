"""How a mail speaks: words, dates and numbers of one locale.

Everything a reader sees goes through `gettext` here or in the templates, so a catalogue is all that
a translation takes.
"""

from datetime import date, datetime
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_decimal

from mailer.render.catalogues import read_catalogue

# The catalogue of each language. A mail in half a language is worse than one in English.
_CATALOGUES: Final = {"es": "es", "it": "it", "ko": "ko", "zh": "zh_Hans"}
SPOKEN: Final = frozenset({"en", *_CATALOGUES})


class Speech:
    """The words, dates and numbers of one locale; one without a catalogue speaks English."""

    def __init__(self, locale: str) -> None:
        self._locale = _known(locale)
        name = _CATALOGUES.get(self._locale.language, "") if is_spoken(locale) else ""
        self.translations = read_catalogue(name)
        # Of the words, which a screen reader must pronounce; not of the dates.
        self.language = name.replace("_", "-") or "en"

    def say(self, message: str, **values: str) -> str:
        """Return a message with its values put in; they are taken as they are."""
        return self.translations.gettext(message).format(**values)

    def say_count(self, one: str, many: str, count: int) -> str:
        """Return the form for a count, which stands in it as `{count}`."""
        return self.translations.ngettext(one, many, count).format(count=self.number(count))

    def number(self, number: int) -> str:
        """Return a number as it is written here: 1,234."""
        return str(format_decimal(number, locale=self._locale))

    def day(self, on: date) -> str:
        """Return a date: October 21, 2026."""
        return str(format_date(on, "long", locale=self._locale))

    def weekday(self, on: date) -> str:
        """Return a date with its day of the week: Wednesday, October 21, 2026."""
        return str(format_date(on, "full", locale=self._locale))

    def short_day(self, on: date) -> str:
        """Return a date in little room: Oct 21, 2026."""
        return str(format_date(on, "medium", locale=self._locale))

    def time(self, at: datetime) -> str:
        """Return the time of day: 6:10 AM."""
        return str(format_time(at, "short", locale=self._locale))


def is_spoken(locale: str) -> bool:
    """Say whether mails can be written in a locale's language, and in its script."""
    known = _known(locale)
    # The same language in another script is another catalogue: zh_Hant and zh_TW are not zh_Hans.
    script = _known(_CATALOGUES.get(known.language, "en")).script
    return known.language in SPOKEN and known.script in (None, script)


@cache
def languages_spoken() -> tuple[tuple[str, str], ...]:
    """Return the language tags we have words for, each with its name in itself."""
    names = {"en": "en"} | _CATALOGUES
    return tuple(
        sorted(
            (name.replace("_", "-"), Locale.parse(name).get_display_name() or name)
            for name in names.values()
        )
    )


@lru_cache(maxsize=64)
def speech_of(locale: str) -> Speech:
    """Return the speech of a locale; it never changes."""
    return Speech(locale)


def zone_of(*names: str) -> ZoneInfo:
    """Return the first of these time zones that exists, else UTC: an odd name stops no mail."""
    for name in names:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")


def in_zone(at: datetime, zone: ZoneInfo) -> datetime:
    """Return an instant as clocks of that zone show it; at the ends of the calendar, as it is."""
    try:
        return at.astimezone(zone)
    except (OverflowError, ValueError):
        return at


def _known(locale: str) -> Locale:
    try:
        return Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        pass
    try:
        return Locale.parse(locale.replace("_", "-").split("-")[0])
    except (UnknownLocaleError, ValueError):
        return Locale("en")
