"""Stories that a process tells over and over, kept at hand for a short while."""

import time
from collections.abc import Callable, Collection, Mapping

from sqlalchemy import Connection

from mailer.core.stories import Story
from mailer.store.stories import stories_at_revision

# A revision never changes, but its story may be tagged anew, or retracted.
_KEPT_SECONDS = 30.0
# Of some kilobytes each.
_MOST = 1_000


class StoryShelf:
    """Stories as they were read at most half a minute ago: mails of a run tell the same ones."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._read_at = clock()
        self._stories: dict[tuple[int, int], Story] = {}

    def take(
        self, connection: Connection, wanted: Collection[tuple[int, int]]
    ) -> Mapping[tuple[int, int], Story]:
        """Return at least these stories by (story id, revision); unknown ones are missing."""
        now = self._clock()
        kept = self._stories
        if now - self._read_at > _KEPT_SECONDS or len(kept) > _MOST:
            self._read_at, kept = now, {}
        if new := [pair for pair in wanted if pair not in kept]:
            # A new one each time: other threads may be reading theirs.
            kept = kept | stories_at_revision(connection, new)
        self._stories = kept
        return kept
