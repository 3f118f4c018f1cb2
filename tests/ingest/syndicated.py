"""Feeds in our own words, built from their items."""

from mailer.core.stories import ParsedDocument
from mailer.ingest.feed_entries import read_entries
from mailer.ingest.feeds import feed_document

NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"'
)


def rss(*items: str, channel: str = "") -> str:
    return f'<rss version="2.0" {NAMESPACES}><channel>{channel}{"".join(items)}</channel></rss>'


def parse(feed: str) -> ParsedDocument:
    """Read a feed as read_document does, in this process: twenty times as fast."""
    return feed_document(read_entries(feed.encode(), 100))
