"""S27: an import appears whole or not at all (CVE-2021-33038)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.flows import ingest_document as ingesting
from mailer.store.database import Connection, Database
from mailer.store.stories import latest_stories
from mailer.store.story_recording import Arrival, record_drafts
from tests.builders import NOON
from tests.security.mutations import goes_red

_DRAFTS = tuple(
    StoryDraft(uid=f"s{n}", title=f"Story {n}", published_at=datetime(2026, 3, 10, tzinfo=UTC))
    for n in range(3)
)


class _PowerCutError(Exception):
    pass


def _check(database: Database, patch: pytest.MonkeyPatch) -> None:
    """Look at the stories from outside while an import goes on, and after it broke."""
    seen: list[int] = []

    def count() -> int:
        with database.read() as connection:
            return len(latest_stories(connection, 10))

    def record(connection: Connection, arrivals: Sequence[Arrival], **more: Any) -> object:
        recorded = record_drafts(connection, arrivals, **more)
        seen.append(count())
        if any(each.draft.uid == "s2" for each in arrivals):
            raise _PowerCutError
        return recorded

    patch.setattr(ingesting, "record_drafts", record)
    with pytest.raises(_PowerCutError):
        ingesting.ingest_document(database, ParsedDocument("jsonl", _DRAFTS), now=NOON)
    patch.undo()
    assert set(seen) == {0}
    assert count() == 0


def test_s27_an_import_appears_whole_or_not_at_all(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _check(database, monkeypatch)


def test_s27_goes_red_when_each_story_is_kept_by_itself(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ingesting.ingest_document

    def one_by_one(database: Database, document: ParsedDocument, *, now: datetime) -> None:
        for draft in document.drafts:
            whole(database, ParsedDocument(document.kind, (draft,)), now=now)

    with pytest.MonkeyPatch.context() as patch:
        goes_red(
            lambda: _check(database, monkeypatch),
            patch,
            mailer__flows__ingest_document__ingest_document=one_by_one,
        )
