"""The readers that a search finds, as CSV."""

import csv

from mailer.core.readers import ReaderState
from mailer.flows.export_found import export_found
from mailer.store.reader_search import count_found
from tests.flows.conftest import Newsroom

NAMES = ("ada", "bea", "bo", "cy")


def test_all_that_are_found_come_once_whatever_a_page_holds(newsroom: Newsroom) -> None:
    for name in NAMES:
        newsroom.read_by(f"{name}@r.example", name=name.title())
    newsroom.read_by("bob@r.example", state=ReaderState.PENDING)
    newsroom.read_by("gone@r.example", state=ReaderState.ERASED)

    def found(words: str = "", state: ReaderState | None = None) -> list[str]:
        pages = [
            list(export_found(newsroom.database, words=words, state=state, at_once=at_once))
            for at_once in (1, 2, 500)
        ]
        assert pages[0] == pages[1] == pages[2]
        with newsroom.database.read() as connection:
            assert count_found(connection, words=words, state=state) == len(pages[0]) - 1
        return [row[0].partition("@")[0] for row in csv.reader(pages[0][1:])]

    assert found() == [*NAMES, "bob"]
    assert found("B") == ["bea", "bo", "bob"]
    assert found("B", ReaderState.CONFIRMED) == ["bea", "bo"]
    assert found(state=ReaderState.PENDING) == ["bob"]
    assert found("%") == found(state=ReaderState.ERASED) == []
