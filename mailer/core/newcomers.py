"""Newcomers: readers of another product as its export tells of them, and what its topics become."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mailer.core.hygiene import clean_header
from mailer.core.reader_lines import UnusableLine, read_cadence
from mailer.core.readers import Cadence, Wanted
from mailer.errors import InputError


class Standing(StrEnum):
    """What a reader is to the other product; only who is SUBSCRIBED gets mail from us."""

    SUBSCRIBED = "subscribed"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A line of an export.

    `row` has her settings by the fields of core.reader_lines. `topics` she gets, `left` she has
    left, `unconfirmed` she never said yes to. `evidence` tells when and why she left. `problem`
    when the line is broken. `cells` is the line as it came,
    under `columns`; `file` is the file of an archive its line is counted in.
    """

    line: int
    row: Mapping[str, str]
    standing: Standing = Standing.SUBSCRIBED
    topics: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    cadence: str = ""
    evidence: str = ""
    problem: str = ""
    mend: str = ""
    cells: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    file: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic of theirs is here; None for a cadence that each line says, or the default."""

    newsletter: str
    expression: str
    cadence: Cadence | None = None


@dataclass(frozen=True, slots=True)
class TopicMap:
    """Their lists, tags, groups or topic codes, and what each becomes here; None for nothing.

    `everyone` is what readers without any topic follow. `groups` names columns that hold topics.
    """

    topics: Mapping[str, Topic | None] = field(default_factory=dict)
    everyone: Topic | None = None
    cadence: Cadence = Cadence.DAILY
    groups: tuple[str, ...] = ()

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Return the names that stand in no line of the map."""
        return [name for name in names if _key(name) not in self.topics]

    def wanted(self, newcomer: Newcomer) -> tuple[tuple[str, Wanted], ...]:
        """Return what she follows here, by newsletter; raises UnusableLine for a topic unknown."""
        said = read_cadence(newcomer.cadence) if newcomer.cadence else None
        found = [self._topic(name) for name in newcomer.topics]
        if not newcomer.topics and not newcomer.left and not newcomer.unconfirmed:
            found = [self.everyone]
        wanted = [
            (t.newsletter, Wanted(t.expression, t.cadence or said or self.cadence))
            for t in found
            if t is not None
        ]
        return tuple(dict.fromkeys(wanted))

    def left(self, newcomer: Newcomer) -> frozenset[str]:
        """Return the newsletters she has left and follows by no other topic."""
        topics = [self._topic(name) for name in newcomer.left]
        stays = {slug for slug, _ in self.wanted(newcomer)}
        return frozenset(topic.newsletter for topic in topics if topic is not None) - stays

    def _topic(self, name: str) -> Topic | None:
        try:
            return self.topics[_key(name)]
        except KeyError as error:
            shown = clean_header(name, 80)
            raise UnusableLine(
                f"the map has no topic '{shown}'", f'add "{shown}" to the map, or = false'
            ) from error


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


def read_topic_map(text: str) -> TopicMap:
    """Read a map from TOML; raises InputError that says what stands where it should not."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the map is no TOML: {error}") from error
    known = {"newsletter", "cadence", "everyone", "groups", "topics"}
    if odd := sorted(set(said) - known):
        raise InputError(f"the map has '{odd[0]}': it takes {', '.join(sorted(known))}")
    newsletter = said.get("newsletter", "")
    topics = said.get("topics", {})
    groups = said.get("groups", [])
    if not isinstance(topics, dict) or not isinstance(groups, list):
        raise InputError('the map wants [topics] with lines "Their name" = "expression"')
    try:
        cadence = read_cadence(str(said.get("cadence", Cadence.DAILY)))
        return TopicMap(
            {_key(name): _read(name, value, newsletter) for name, value in topics.items()},
            _read("everyone", said["everyone"], newsletter) if "everyone" in said else None,
            cadence,
            tuple(map(str, groups)),
        )
    except UnusableLine as error:
        raise InputError(f"the map: {error}; {error.mend}") from error


def _read(name: str, value: Any, newsletter: str) -> Topic | None:
    shown = clean_header(name, 80)
    cadence = None
    match value:
        case False:
            return None
        case str():
            expression = value
        case {"follow": str() as expression, **rest}:
            newsletter = str(rest.get("newsletter", newsletter))
            cadence = read_cadence(str(rest["cadence"])) if "cadence" in rest else None
            if odd := sorted(map(str, set(rest) - {"newsletter", "cadence"})):
                raise InputError(f"the map: '{shown}' has '{odd[0]}': it takes follow, newsletter")
        case _:
            raise InputError(
                f'the map: write "{shown}" = "expression", = false, or '
                f'= {{ follow = "expression", newsletter = "slug", cadence = "weekly" }}'
            )
    if not newsletter:
        raise InputError(
            f"the map: '{shown}' names no newsletter, and there is no newsletter = \"slug\" for all"
        )
    return Topic(newsletter, expression.strip() or "*", cadence)


def map_to_fill(names: Iterable[str], newsletter: str) -> str:
    """Return a map with a line for each topic, for a person to fill in."""
    lines = [
        f'newsletter = "{newsletter}"',
        'cadence = "daily"',
        "",
        "[topics]",
        '# What to follow, such as "china & !sport"; "*" for everything; false for nothing.',
        *(f'{_quoted(name)} = "*"' for name in names),
    ]
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
