"""Locales, timezones and hours as people write them, and which locale a mail is written in."""

import re
from collections.abc import Sequence
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel import Locale, UnknownLocaleError

from mailer.core.hygiene import clean_header
from mailer.errors import InputError

_SHOWN = 40  # Of what somebody typed, in a message.
_LONGEST_HEADER = 500  # Browsers send fewer than 100 characters.
_MOST_LOCALES = 20
# What else the database names are old spellings of these.
_AREAS = (
    "Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/",
    "Pacific/",
)  # fmt: skip
_NAME = re.compile("[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}")
_WEIGHT = re.compile(r"q\s*=\s*([01](?:\.[0-9]{0,3})?)")


def language_of(locale: str) -> str:
    """Return the language of a locale: "zh" of "zh_Hans"."""
    return locale.replace("_", "-").split("-")[0].casefold()


def pick_locale(wanted: str, offered: Sequence[str]) -> str:
    """Return the offered locale nearest to the wanted one: the same, its language, or the first."""
    normal = wanted.replace("_", "-").casefold()
    for locale in offered:
        if locale.replace("_", "-").casefold() == normal:
            return locale
    language = normal.split("-")[0]
    for locale in offered:
        if locale.replace("_", "-").casefold().split("-")[0] == language:
            return locale
    return offered[0] if offered else "en"


def read_locale(text: str) -> str:
    """Return a locale's normal name ("en", "zh_Hans"); raises InputError."""
    try:
        return str(Locale.parse(text.replace("-", "_")))
    except (UnknownLocaleError, ValueError) as error:
        raise InputError(
            f"unknown locale '{clean_header(text, _SHOWN)}': use one such as en, it or zh-Hans"
        ) from error


def accepted_locales(header: str) -> tuple[str, ...]:
    """Return the locales of an Accept-Language header, best first; what cannot be read is left out.

    Source: RFC 9110 section 12.5.4. "*" and languages of weight 0 are left out, too.
    """
    weighed: list[tuple[float, str]] = []
    for entry in header[:_LONGEST_HEADER].split(",")[:_MOST_LOCALES]:
        name, _, rest = entry.strip().partition(";")
        found = _WEIGHT.fullmatch(rest.strip()) if rest else None
        if _NAME.fullmatch(name.strip()) and (found or not rest.strip()):
            weight = float(found[1]) if found else 1.0
            if weight > 0:
                weighed.append((weight, name.strip()))
    return tuple(name for _, name in sorted(weighed, key=lambda pair: -pair[0]))


def read_timezone(text: str) -> str:
    """Return the name of a timezone that exists; raises InputError."""
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            f"unknown timezone '{clean_header(text, _SHOWN)}': use an IANA name such as Asia/Seoul"
        ) from error


@cache
def timezones() -> tuple[str, ...]:
    """Return the timezones to choose from: places and UTC, by name."""
    return tuple(
        sorted(name for name in available_timezones() if name == "UTC" or name.startswith(_AREAS))
    )


def read_hour(text: str) -> int:
    """Return an hour of the day; raises InputError."""
    # Two digits at most: Python refuses to read a number of thousands.
    if len(text) > 2 or not (text.isascii() and text.isdigit()) or int(text) > 23:
        raise InputError(f"'{clean_header(text, _SHOWN)}' is no hour of the day: use 0 to 23")
    return int(text)
