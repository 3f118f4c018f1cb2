"""Load the seed newsroom: tags, newsletters, schedules, readers with their follows, stories."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mailer.core.addresses import read_address
from mailer.core.clocks import read_duration
from mailer.core.cursors import first_cursor
from mailer.core.readers import Cadence, MailFormat, Newsletter, Reader, ReaderState
from mailer.core.tags import Tag, TagKind
from mailer.flows.ingest_document import ingest_document
from mailer.flows.mute_expression import mute_expression
from mailer.flows.start_following import start_following
from mailer.ingest.documents import read_document
from mailer.store.database import Connection, Database
from mailer.store.newsletters import find_newsletter, save_newsletter
from mailer.store.readers import add_reader, look_up_reader
from mailer.store.schedules import add_schedule, schedules_of
from mailer.store.tags import save_tags

STORY_FILES = ("stories.jsonl", "feed.xml", "printed-page.txt")


@dataclass(frozen=True, slots=True)
class Seeded:
    """What is there now, and the moment the seeds play at."""

    as_of: datetime
    tag_count: int
    newsletter_count: int
    reader_count: int
    story_count: int


def load_seeds(database: Database, folder: Path) -> Seeded:
    """Load `seeds/`; what is there already is left as it is.

    Stories count as ingested when they were published, and each follow stands as if its last
    issue had gone out one period before the seeds' moment.
    """
    newsroom = tomllib.loads((folder / "newsroom.toml").read_text(encoding="utf-8"))
    people = tomllib.loads((folder / "readers.toml").read_text(encoding="utf-8"))
    as_of = datetime.fromisoformat(newsroom["as_of"])
    with database.write() as connection:
        save_tags(connection, [_tag(entry) for entry in newsroom["tags"]])
        for entry in newsroom["newsletters"]:
            save_newsletter(connection, _newsletter(entry))
        for entry in newsroom["schedules"]:
            _add_schedule(connection, entry, as_of)
    story_count = 0
    for name in STORY_FILES:
        document = read_document((folder / name).read_bytes(), name=name)
        report = ingest_document(database, document, now=as_of, backdated=True)
        story_count += len(report.stories)
    for entry in people["readers"]:
        _add_reader(database, entry, as_of)
    return Seeded(
        as_of,
        len(newsroom["tags"]),
        len(newsroom["newsletters"]),
        len(people["readers"]),
        story_count,
    )


def _tag(entry: Mapping[str, Any]) -> Tag:
    return Tag(
        entry["slug"],
        entry["label"],
        TagKind(entry["kind"]),
        entry.get("parent"),
        tuple(entry.get("aliases", ())),
    )


def _newsletter(entry: Mapping[str, Any]) -> Newsletter:
    return Newsletter(
        id=0,
        slug=entry["slug"],
        name=entry["name"],
        description=entry["description"],
        sender_name=entry["sender_name"],
        sender_address=entry["sender_address"],
        reply_to=entry.get("reply_to", ""),
        template=entry["template"],
        locales=tuple(entry["locales"]),
        cadences=tuple(map(Cadence, entry["cadences"])),
        base_expression=entry["base_expression"],
        timezone=entry["timezone"],
    )


def _add_schedule(connection: Connection, entry: Mapping[str, Any], as_of: datetime) -> None:
    newsletter = find_newsletter(connection, entry["newsletter"])
    cadence = Cadence(entry["cadence"])
    if any(there.cadence is cadence for there in schedules_of(connection, newsletter.id)):
        return
    add_schedule(
        connection,
        newsletter_id=newsletter.id,
        cadence=cadence,
        at=entry["at"],
        days=entry.get("days", ""),
        timezone=entry["tz"],
        catch_up=entry.get("catch_up", "coalesce"),
        max_late=read_duration(entry["max_late"]),
        now=as_of,
    )


def _add_reader(database: Database, entry: Mapping[str, Any], as_of: datetime) -> None:
    address = read_address(entry["email"])
    started_at = datetime.fromisoformat(entry["started_at"])
    with database.write() as connection:
        if look_up_reader(connection, address) is not None:
            return
        paused = entry.get("paused_until")
        add_reader(
            connection,
            Reader(
                id=0,
                email=address.shown,
                email_key=address.key,
                name=entry["name"],
                state=ReaderState(entry["state"]),
                locale=entry["locale"],
                timezone=entry["timezone"],
                hour=entry.get("hour"),
                format=MailFormat(entry["format"]),
                paused_until_at=datetime.fromisoformat(paused) if paused else None,
            ),
            started_at,
        )
    for follow in entry.get("follows", ()):
        cadence = Cadence(follow["cadence"])
        start_following(
            database,
            address.shown,
            follow["newsletter"],
            follow["expression"],
            cadence,
            now=started_at,
            source="seeds",
            consent="Seeded for a demonstration; nobody was asked.",
            cursor_at=max(started_at, _last_issue(cadence, as_of)),
        )
    for mute in entry.get("mutes", ()):
        mute_expression(database, address.shown, mute, now=started_at, source="seeds")


def _last_issue(cadence: Cadence, as_of: datetime) -> datetime:
    """Return where the reader's window starts: a period back; half a day back for alerts."""
    if cadence is Cadence.INSTANT:
        return as_of - timedelta(hours=12)
    return first_cursor(cadence, as_of)
