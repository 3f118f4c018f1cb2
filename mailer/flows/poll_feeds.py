"""Poll feeds: ask each that is due for what is new, and remember how it went."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.core.feeds import EVERY, LONGEST, SHORTEST
from mailer.core.hygiene import clean_header
from mailer.core.stories import ParsedDocument
from mailer.errors import InputError, NotFoundError, ServiceAway
from mailer.flows.ingest_document import IngestReport, ingest_document
from mailer.ingest.documents import read_document
from mailer.ingest.fetch import Fetched, fetch
from mailer.store.audit import record_change
from mailer.store.database import Database
from mailer.store.feeds import (
    Feed,
    add_feed_row,
    claim_feed,
    due_feeds,
    find_feed,
    list_feeds,
    pause_feed_row,
    record_failure,
    record_success,
    remove_feed_row,
)

_LONGEST_ERROR = 500
# What came, and the document in it; none when it has not changed.
_Read = tuple[Fetched, ParsedDocument | None]


@dataclass(frozen=True, slots=True)
class Polled:
    """One look at a feed: what it brought, or why it failed. Neither when nothing has changed."""

    url: str
    report: IngestReport | None = None
    error: str = ""


class FeedPoller:
    """Looks at feeds. Any number may look at the same time: each due feed is claimed by one.

    What a feed holds when it is read for the first time counts as of its publication: readers are
    not told all of an archive as news. Its later stories are news when they arrive.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        get: Callable[..., Fetched] = fetch,
    ) -> None:
        self._database = database
        self._clock = clock
        self._get = get

    def add(
        self, url: str, *, tags: tuple[str, ...] = (), every: timedelta = EVERY, actor: str
    ) -> Polled:
        """Add a feed and take what it holds.

        One that does not answer now is added all the same. Raises InputError for an address that
        is refused or holds no stories, and changes nothing then.
        """
        url = url.strip()
        if not SHORTEST <= every <= LONGEST:
            raise InputError("a feed is polled every minute at most and once a day at least")
        now = self._clock()
        with self._database.read() as connection:
            if find_feed(connection, url) is not None:
                raise InputError(f"'{clean_header(url)}' is polled already: see 'feeds list'")
        read: _Read | ServiceAway
        try:
            read = self._read(url)
        except ServiceAway as error:
            read = error
        with self._database.write() as connection:
            feed = add_feed_row(connection, url, tags, every, now)
            record_change(
                connection, actor=actor, action="feed added", subject=f"feed {url}", now=now
            )
        return self._keep(feed, read)

    def remove(self, url: str, *, actor: str) -> None:
        """Poll a feed no more; its stories stay. Raises NotFoundError."""
        with self._database.write() as connection:
            if not remove_feed_row(connection, url.strip()):
                raise NotFoundError(f"no feed '{clean_header(url)}': see 'mailer feeds list'")
            record_change(
                connection,
                actor=actor,
                action="feed removed",
                subject=f"feed {url}",
                now=self._clock(),
            )

    def pause(self, url: str, *, actor: str) -> None:
        """Poll a feed no more by itself, until it is resumed; again is no change."""
        self._set_pause(url.strip(), self._clock(), "feed paused", actor)

    def resume(self, url: str, *, actor: str) -> None:
        """Poll a paused feed again; what it has brought meanwhile is news. Again is no change."""
        self._set_pause(url.strip(), None, "feed resumed", actor)

    def _set_pause(self, url: str, paused_at: datetime | None, action: str, actor: str) -> None:
        with self._database.write() as connection:
            if find_feed(connection, url) is None:
                raise NotFoundError(f"no feed '{clean_header(url)}': see 'mailer feeds list'")
            if pause_feed_row(connection, url, paused_at):
                record_change(
                    connection,
                    actor=actor,
                    action=action,
                    subject=f"feed {url}",
                    now=self._clock(),
                )

    def poll_due(self, go_on: Callable[[], bool] = lambda: True) -> Iterator[Polled]:
        """Look at the feeds that are due, one after another while `go_on` says so."""
        with self._database.read() as connection:
            due = due_feeds(connection, self._clock())
        for feed in due:
            if not go_on():
                return
            yield from self._poll(feed)

    def poll_now(self, url: str = "") -> Iterator[Polled]:
        """Look at one feed, or at all but the paused, due or not. Raises NotFoundError."""
        found: list[Feed | None]
        with self._database.read() as connection:
            if url:
                found = [find_feed(connection, url.strip())]
            else:
                found = [feed for feed in list_feeds(connection) if feed.paused_at is None]
        for feed in found:
            if feed is None:
                raise NotFoundError(f"no feed '{clean_header(url)}': see 'mailer feeds list'")
            yield from self._poll(feed)

    def _poll(self, feed: Feed) -> Iterator[Polled]:
        with self._database.write() as connection:
            if not claim_feed(connection, feed, self._clock()):
                return
        try:
            read = self._read(feed.url, etag=feed.etag, last_modified=feed.last_modified)
        except (InputError, ServiceAway) as error:
            yield self._keep(feed, error)
        else:
            yield self._keep(feed, read)

    def _read(self, url: str, **known: str) -> _Read:
        fetched = self._get(url, **known)
        if fetched.not_modified:
            return fetched, None
        document = read_document(
            fetched.content, name=url, content_type=fetched.content_type, address=fetched.url
        )
        return fetched, document

    def _keep(self, feed: Feed, read: _Read | InputError | ServiceAway) -> Polled:
        now = self._clock()
        if isinstance(read, InputError | ServiceAway):
            words = clean_header(str(read), _LONGEST_ERROR)
            with self._database.write() as connection:
                record_failure(connection, feed, words, now)
            return Polled(feed.url, error=words)
        fetched, document = read
        report, note = None, feed.last_error
        if document is not None:
            report = ingest_document(
                self._database,
                document,
                now=now,
                operator_tags=feed.tags,
                backdated=feed.succeeded_at is None,
            )
            note = _rejections(report)
        # After the stories: whoever dies in between asks again, and nothing changes.
        with self._database.write() as connection:
            record_success(
                connection,
                feed,
                etag=fetched.etag,
                last_modified=fetched.last_modified,
                note=note if document is not None or not feed.failure_count else "",
                new_count=report.new_count if report else 0,
                now=now,
            )
        return Polled(feed.url, report)


def _rejections(report: IngestReport) -> str:
    if not report.rejections:
        return ""
    first = report.rejections[0]
    words = f"{len(report.rejections)} rejected, first {first.item}: {first.reason}"
    return clean_header(words, _LONGEST_ERROR)
