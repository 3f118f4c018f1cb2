"""S15: what is looked for never becomes SQL: every value is bound (CVE-2026-62361)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import Engine

from mailer.bootstrap import Installation
from mailer.store.delivery_search import DeliverySearch, search_deliveries
from mailer.store.reader_search import search_readers
from mailer.store.story_search import search_stories
from mailer.store.suppressions import list_suppressions
from tests.security.mutations import goes_red
from tests.web.conftest import open_room, room

__all__ = ["open_room", "room"]

_MARK = "zq7"
_HOSTILE = tuple(
    _MARK + rest for rest in ("' OR 1=1 --", '"; DROP TABLE readers; --', "%_", "') OR ('' = '")
)
_SEARCHES: dict[str, Callable[[Connection, str], object]] = {
    "readers": lambda connection, words: search_readers(connection, words=words),
    "stories": lambda connection, words: search_stories(connection, words=words, tag=words),
    "deliveries": lambda connection, words: search_deliveries(
        connection, DeliverySearch(reader=words, story=words, domain=words)
    ),
    "suppressions": lambda connection, words: list_suppressions(connection, words=words),
}


@contextmanager
def _statements() -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def _check(room: Installation) -> None:
    for search in _SEARCHES.values():
        for words in _HOSTILE:
            with _statements() as said, room.desk.database.read() as connection:
                found = search(connection, words)
            assert not found
            assert said
            assert not [statement for statement in said if _MARK in statement]


def test_s15_what_is_looked_for_is_bound(room: Installation) -> None:
    _check(room)


def test_s15_goes_red_when_words_are_written_into_sql(
    room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(connection: Connection, words: str) -> object:
        return connection.execute(text(f"SELECT 1 WHERE '{words[:3]}' = 'x'")).all()

    monkeypatch.setitem(_SEARCHES, "written", written)
    goes_red(lambda: _check(room), monkeypatch)
