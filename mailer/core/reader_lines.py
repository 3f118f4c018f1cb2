"""A line of a list of readers: what it says, or why it cannot be taken and how to mend it."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeVar

from mailer.core.addresses import Address, read_address
from mailer.core.clocks import QuietHours, read_quiet
from mailer.core.hygiene import clean_header
from mailer.core.locales import read_hour, read_locale, read_timezone
from mailer.core.readers import OF_FOLLOWS, Cadence, MailFormat, Wanted
from mailer.errors import InputError

FIELDS: Final = (
    "email",
    "name",
    "first_name",
    "last_name",
    "locale",
    "timezone",
    "hour",
    "format",
    "quiet",
    "newsletter",
    "follows",
    "cadence",
    "consent",
    "consent_source",
    "consented_at",
)
_SHOWN = 60
_T = TypeVar("_T")
_LANGUAGES: Final = {
    "english": "en", "italian": "it", "italiano": "it", "spanish": "es", "español": "es",
    "korean": "ko", "한국어": "ko", "chinese": "zh_Hans", "中文": "zh_Hans", "french": "fr",
    "français": "fr", "german": "de", "deutsch": "de", "japanese": "ja", "日本語": "ja",
}  # fmt: skip


class UnusableLine(InputError):  # noqa: N818 - named for what it is, as RejectedDocument
    """A line that cannot be taken; `mend` says what to write instead."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.mend = mend


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that was not taken; the header is line 1. `cells` is the line as it came."""

    line: int
    email: str
    reason: str
    mend: str = ""
    cells: tuple[str, ...] = ()
    email_key: str = ""


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """What a line says of a reader; None where it says nothing.

    `wanted` are follows by the newsletter's slug. `consented_at` is when she agreed, if told.
    """

    line: int
    address: Address
    name: str | None = None
    locale: str | None = None
    timezone: str | None = None
    hour: int | None = None
    format: MailFormat | None = None
    quiet: QuietHours | None = None
    wanted: tuple[tuple[str, Wanted], ...] = ()
    consent: str = ""
    consent_source: str = ""
    consented_at: datetime | None = None


def read_reader_line(line: int, row: Mapping[str, str]) -> ReaderLine:
    """Read a line from its cells by field; raises UnusableLine."""
    address = _address(row.get("email", ""))
    name = row.get("name") or " ".join(
        part for part in (row.get("first_name", ""), row.get("last_name", "")) if part
    )
    read = ReaderLine(
        line,
        address,
        name=clean_header(name, 100) or None,
        wanted=_wanted(row),
        consent=clean_header(row.get("consent", ""), 2000),
        consent_source=clean_header(row.get("consent_source", ""), 200),
    )
    if text := row.get("locale"):
        read = replace(read, locale=_locale(text))
    if text := row.get("timezone"):
        read = replace(read, timezone=_timezone(text))
    if text := row.get("hour"):
        read = replace(read, hour=_told(read_hour, text, "write 0 to 23, or nothing"))
    if text := row.get("quiet"):
        read = replace(read, quiet=_told(read_quiet, text, "write 22:00-07:00, or nothing"))
    if text := row.get("format"):
        read = replace(read, format=_format(text))
    if text := row.get("consented_at"):
        read = replace(read, consented_at=read_moment(text))
    return read


def read_moment(text: str) -> datetime:
    """Return a moment as exports write it, UTC where no zone stands; raises UnusableLine."""
    try:
        moment = datetime.fromisoformat(text.strip().removesuffix(" UTC").replace("/", "-"))
    except ValueError as error:
        raise UnusableLine(
            f"'{clean_header(text, _SHOWN)}' is no date",
            "write it like 2026-03-10 or 2026-03-10 12:00",
        ) from error
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        raise UnusableLine(
            f"'{clean_header(text, _SHOWN)}' is no date of ours", "leave it empty"
        ) from error


def _address(text: str) -> Address:
    if not text:
        raise UnusableLine("no address", "write the reader's address, or take the line out")
    try:
        return read_address(text)
    except InputError as error:
        raise UnusableLine(str(error), _better_address(text)) from error


def _better_address(text: str) -> str:
    """Return what was probably meant by a text that is no address."""
    meant = unicodedata.normalize("NFKC", text).strip()
    if found := re.search(r"<([^<>]{3,320})>", meant):
        meant = found[1]
    meant = re.sub(r"(?i)^mailto:|\s+", "", meant)
    meant = re.sub(r"(?i)[(\[]at[)\]]", "@", meant).strip("'\"`<>()[];,.:")
    meant = meant.replace(",", ".").replace("..", ".").replace("@.", "@").replace(".@", "@")
    try:
        read_address(meant)
    except InputError:
        if len(re.findall("[^\\s;,]+@[^\\s;,]+", text)) > 1:
            return "write one address a line"
        return "write one address, such as name@example.org"
    return f"write {clean_header(meant, 200)}, if that is meant"


def _told(read: Callable[[str], _T], text: str, mend: str) -> _T:
    try:
        return read(text)
    except InputError as error:
        raise UnusableLine(str(error), mend) from error


@lru_cache(maxsize=1024)
def _locale(text: str) -> str:
    word = _LANGUAGES.get(text.strip().casefold(), text)
    return _told(read_locale, word, "write a code such as en, it or zh-Hans, or nothing")


@lru_cache(maxsize=1024)
def _timezone(text: str) -> str:
    return _told(read_timezone, text, "write a name such as Asia/Seoul, or nothing")


def _format(text: str) -> MailFormat:
    try:
        return MailFormat(text.casefold())
    except ValueError as error:
        shown = clean_header(text, _SHOWN)
        raise UnusableLine(
            f"unknown format '{shown}': use html or text", "write html or text"
        ) from error


def _wanted(row: Mapping[str, str]) -> tuple[tuple[str, Wanted], ...]:
    """Return the follows of a line: expressions parted by semicolons or line breaks."""
    newsletter, follows = row.get("newsletter", ""), row.get("follows", "")
    if not newsletter:
        if follows:
            # Somebody meant her to follow something: that is not dropped in silence.
            raise UnusableLine(
                "follows without a newsletter", "name the newsletter's slug in the line"
            )
        return ()
    cadence = read_cadence(row.get("cadence", "") or Cadence.DAILY)
    slug = clean_header(newsletter)
    expressions = [text.strip() for text in re.split("[;\n]", follows) if text.strip()] or ["*"]
    return tuple((slug, Wanted(clean_header(text, 2000), cadence)) for text in expressions)


def read_cadence(text: str) -> Cadence:
    """Return a cadence; raises UnusableLine."""
    wanted = text.strip().casefold()
    if wanted not in OF_FOLLOWS:
        known = ", ".join(OF_FOLLOWS)
        raise UnusableLine(
            f"unknown cadence '{clean_header(text, _SHOWN)}'", f"write one of {known}"
        )
    return Cadence(wanted)
