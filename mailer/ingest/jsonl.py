"""JSON Lines to stories: one object a line, or an array of such objects, or one object.

Knows the keys a newsroom's export may use. Unknown keys are passed over, so that an export may
hold more than we read.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Final

from mailer.core.stories import ParsedDocument, SeeAlso, StoryDraft
from mailer.errors import InputError
from mailer.ingest.dates import read_date
from mailer.ingest.drafts import MAX_SEE_ALSO, Item, collect, language_code, make_draft
from mailer.ingest.records import Record, wrong
from mailer.ingest.sanitize import clean_html, paragraphs_html

_LINE: Final = re.compile(r"[^\n]*\n?")


def read_lines(text: str) -> ParsedDocument:
    """Return the stories of JSON Lines; empty lines are passed over.

    A line that is not JSON, no object, without a title, or with a field of the wrong type or an
    unreadable date or address is rejected as 'line 7', with the reason.
    """
    # Not splitlines: JSON texts may hold U+2028 and its like as they are.
    lines = enumerate((line[0] for line in _LINE.finditer(text)), start=1)
    return collect(
        "jsonl",
        (
            Item(f"line {number}", partial(_from_line, line))
            for number, line in lines
            if line.strip()
        ),
    )


def read_objects(objects: list[object]) -> ParsedDocument:
    """Return the stories of an array, in which a bad one is rejected as 'item 3'."""
    return collect(
        "jsonl",
        (
            Item(f"item {number}", partial(_from_object, value))
            for number, value in enumerate(objects, start=1)
        ),
    )


def parse_json(text: str) -> object:
    """Return what JSON text says. Raises InputError with the place where it stops being JSON."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"character {error.colno}"
        if error.lineno > 1:
            place = f"line {error.lineno}, {place}"
        raise InputError(f"is not JSON at {place}: {error.msg}") from error
    except RecursionError as error:
        raise InputError("is nested too deep: a story is one flat object") from error
    except ValueError as error:
        raise InputError("holds a number with thousands of digits: write text in quotes") from error


def _from_line(line: str) -> StoryDraft:
    return _from_object(parse_json(line.rstrip()))


def _from_object(value: object) -> StoryDraft:
    if not isinstance(value, dict):
        raise InputError("is not an object: write one story as {...}")
    record = Record(value)
    url = record.url("url", "link")
    language = record.text("language", "lang")
    if language and not language_code(language):
        raise wrong("language", language, "write a code such as en or zh-Hant")
    body = clean_html(record.text("body_html"), url)
    return make_draft(
        uids=(record.word("uid"), record.word("id"), url),
        title=record.text("title"),
        url=url,
        summary=record.text("summary"),
        body_html=body or paragraphs_html(_paragraphs(record.text("body"))),
        byline=record.text("byline", "author"),
        dateline=record.text("dateline"),
        language=language,
        published_at=record.instant("published_at", "published", "date"),
        embargo_until_at=record.instant("embargo_until", "embargo_until_at"),
        urgent=record.flag("urgent"),
        kicker=record.labels("kicker"),
        keywords=_keywords(record),
        see_also=islice(_see_also(record, url), MAX_SEE_ALSO),
    )


def _paragraphs(body: str) -> list[str]:
    """Part plain text at its empty lines, or at every line when there are none."""
    body = body.replace("\r\n", "\n").strip()
    return re.split(r"\n[^\S\n]*+\n\s*+" if re.search(r"\n[^\S\n]*+\n", body) else r"\n", body)


def _keywords(record: Record) -> tuple[str, ...]:
    keywords = record.labels("tags", "topics")
    if isinstance(record.find("tags", "topics")[1], str):
        return tuple(keywords[0][:100_000].split(","))
    return keywords


def _see_also(record: Record, base: str) -> Iterator[SeeAlso]:
    for other in record.members("see_also"):
        if isinstance(other, str):
            yield SeeAlso(other)
        elif isinstance(other, dict):
            entry = Record(other)
            name, written = entry.find("published_on", "published_at", "date")
            day = read_date(entry.text(name))
            if written and day is None:
                raise wrong(f"see_also {name}", written, "write it as 2023-10-16")
            yield SeeAlso(entry.text("title"), entry.url("url", base=base), day)
        else:
            raise wrong("see_also", other, "write titles, or objects with title, url, published_on")
