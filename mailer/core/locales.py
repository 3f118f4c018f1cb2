"""Locales, timezones and hours as people write them, and which locale a mail is written in."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError

from mailer.core.hygiene import clean_header
from mailer.errors import InputError

_SHOWN = 40  # Of what somebody typed, in a message.


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


def read_timezone(text: str) -> str:
    """Return the name of a timezone that exists; raises InputError."""
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            f"unknown timezone '{clean_header(text, _SHOWN)}': use an IANA name such as Asia/Seoul"
        ) from error


def read_hour(text: str) -> int:
    """Return an hour of the day; raises InputError."""
    # Two digits at most: Python refuses to read a number of thousands.
    if len(text) > 2 or not (text.isascii() and text.isdigit()) or int(text) > 23:
        raise InputError(f"'{clean_header(text, _SHOWN)}' is no hour of the day: use 0 to 23")
    return int(text)
