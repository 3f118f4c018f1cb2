"""Moments as people write them."""

from datetime import UTC, datetime

from mailer.core.hygiene import clean_header
from mailer.errors import InputError

# Farther off, clocks of other zones and a month's arithmetic would leave the calendar.
_FIRST_YEAR, _LAST_YEAR = 1900, 2999


def read_moment(text: str, now: datetime) -> datetime:
    """Return the moment a person wrote, in UTC without an offset, or `now` when she wrote none.

    Raises InputError, also for years before 1900 and after 2999.
    """
    if not text:
        return now
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(
            f"'{clean_header(text, 40)}' is no moment: write it like 2026-10-22T07:00+09:00"
        ) from error
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise InputError(
            f"'{clean_header(text, 40)}' is too far off: use a year from {_FIRST_YEAR} to "
            f"{_LAST_YEAR}"
        )
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
