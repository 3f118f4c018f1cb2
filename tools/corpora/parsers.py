"""Every parser of ours, each given any bytes: it reads them, or refuses with an error of ours."""

import atexit
import io
import secrets
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

from mailer.bounces.reading import read_report
from mailer.core.addresses import read_address
from mailer.core.bounce_addresses import bounced_delivery
from mailer.core.expression_parser import parse
from mailer.core.tags import Vocabulary
from mailer.core.tokens import Purpose, Signer
from mailer.errors import MailerError
from mailer.flows.import_readers import import_readers
from mailer.ingest.decoding import decode
from mailer.ingest.documents import read_document
from mailer.ingest.feed_entries import read_entries
from mailer.ingest.feeds import FEED_ROOTS, feed_document, from_the_root, xml_root
from mailer.store.database import Database, upgrade

ADDRESS = "https://corpus.example/feeds/feed.xml"
_MOST_LINES = 200
_MOST_ENTRIES = 20_001


def read_story_document(content: bytes) -> int:
    """Read stories; of a feed the process with limits is left out, its tests are elsewhere."""
    text = decode(content, name="x").lstrip("\ufeff")
    if text.lstrip().startswith("<") and xml_root(text)[0] in FEED_ROOTS:
        facts = read_entries(from_the_root(text), _MOST_ENTRIES)
        return len(feed_document(facts, ADDRESS).drafts)
    return len(read_document(content, name="x", address=ADDRESS).drafts)


def read_bounce(content: bytes) -> int:
    """Read mail that came back."""
    return len(read_report(content).addresses)


def read_csv(content: bytes) -> int:
    """Read a list of readers, dry; the header makes a list of any text."""
    now = datetime(2026, 10, 22, tzinfo=UTC)
    stream = io.BytesIO(b"email\n" + content)
    report = import_readers(_database(), stream, confirmed=False, clock=lambda: now, dry=True)
    return report.new_count


def read_lines(content: bytes) -> int:
    """Read each line as an address, an expression, a link's token and a sealed mark."""
    signer = _signer()
    read = 0
    for line in content.decode("utf-8", "replace").splitlines()[:_MOST_LINES]:
        for reading in (
            read_address,
            lambda text: parse(text, Vocabulary([])),
            lambda text: signer.read(Purpose.UNSUBSCRIBE, text),
        ):
            try:
                reading(line)
            except MailerError:
                continue
            read += 1
        bounced_delivery(line, signer)
    return read


PARSERS: dict[str, Callable[[bytes], int]] = {
    "stories": read_story_document,
    "bounces": read_bounce,
    "readers": read_csv,
    "lines": read_lines,
}


@cache
def _signer() -> Signer:
    return Signer((secrets.token_hex(32),))


@cache
def _database() -> Database:
    folder = tempfile.TemporaryDirectory(prefix="corpora-")
    atexit.register(folder.cleanup)
    url = f"sqlite:///{folder.name}/readers.db"
    upgrade(url)
    return Database.open(url)
