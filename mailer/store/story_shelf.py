"""Stories that a process tells over and over, kept at hand for a short while."""

import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection

from mailer.core.stories import Story
from mailer.store.stories import revisions_recorded_at, stories_at_revision

# A revision never changes, but its story may be tagged anew, or retracted.
_KEPT_SECONDS = 30.0
# Of some kilobytes each.
_MOST = 1_000


class StoryShelf:
    """Stories as they were read at most half a minute ago: mails of a run tell the same ones."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._read_at = clock()
        # The moment a revision was recorded is part of its name: in a database that was restored
        # meanwhile the same numbers may be those of another text.
        self._stories: dict[tuple[int, int, datetime], Story] = {}

    def take(
        self, connection: Connection, wanted: Collection[tuple[int, int]]
    ) -> Mapping[tuple[int, int], Story]:
        """Return these stories by (story id, revision); unknown ones are missing."""
        now = self._clock()
        kept = self._stories
        if now - self._read_at > _KEPT_SECONDS or len(kept) > _MOST:
            self._read_at, kept = now, {}
        recorded = revisions_recorded_at(connection, wanted)
        if new := [pair for pair, at in recorded.items() if (*pair, at) not in kept]:
            read = stories_at_revision(connection, new)
            # A new one each time: other threads may be reading theirs.
            kept = kept | {(*pair, recorded[pair]): story for pair, story in read.items()}
        self._stories = kept
        return {pair: kept[*pair, at] for pair, at in recorded.items()}
