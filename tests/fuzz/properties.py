"""What holds whatever comes: each parser with what it is given and what must be true of the answer.

Nothing but our own errors is raised, what is read is clean, within its caps and the same again, and
no document takes seconds.
"""

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st

from mailer.bounces.reading import read_report
from mailer.core.addresses import read_address
from mailer.core.bounces import BounceKind
from mailer.core.expression_parser import parse
from mailer.core.expressions import canonical
from mailer.core.reader_lines import RejectedLine
from mailer.core.stories import ParsedDocument
from mailer.core.tags import Tag, Vocabulary
from mailer.core.tokens import Purpose, Signer
from mailer.errors import InputError, MailerError, SettingsError
from mailer.flows.import_readers import import_readers
from mailer.ingest.decoding import decode
from mailer.ingest.documents import read_document
from mailer.ingest.feed_entries import read_entries
from mailer.ingest.feeds import FEED_ROOTS, feed_document, from_the_root, xml_root
from mailer.ingest.sanitize import clean_html
from mailer.settings import Settings, read_settings
from mailer.store.database import Database, upgrade
from tests.builders import NOON
from tests.fuzz import shapes

SIGNER = Signer(("a secret of the tests",))
VOCABULARY = Vocabulary([Tag("china", "China"), Tag("north-korea", "North Korea")])
# What breaks a line, a header or a terminal, or turns what is read around (S1, S21).
_UNCLEAN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# T10: nothing hangs. Each of these takes milliseconds.
_MOST_SECONDS = 5.0


_SECRETS = frozenset({"MAILER_SECRET_KEY", "MAILER_SECRET_KEY_OLD", "MAILER_HTTP_TOKEN"})


@dataclass(frozen=True, slots=True)
class Property:
    """What comes, and the check that must pass for it."""

    given: st.SearchStrategy[Any]
    check: Callable[[Any], None]


def _check_stories(content: bytes) -> None:
    document = _read_stories(content)
    if document is None:
        return
    assert document == _read_stories(content)
    uids = [draft.uid for draft in document.drafts]
    assert len(set(uids)) == len(uids)
    for draft in document.drafts:
        assert 0 < len(draft.title) <= 300
        assert 0 < len(draft.uid) <= 200
        assert len(draft.summary) <= 1000
        assert draft.url == "" or draft.url.startswith(("http://", "https://"))
        assert len(draft.body_html.encode()) <= 64 * 1024
        assert clean_html(draft.body_html) == draft.body_html
        # A summary is text: what turns the reading around is part of some languages.
        assert not _CONTROLS.search(draft.summary), draft.summary
        for text in (draft.title, draft.byline, *draft.kicker, *draft.topics):
            assert not _UNCLEAN.search(text), text
    for rejection in document.rejections:
        assert not _UNCLEAN.search(rejection.reason), rejection


def _read_stories(content: bytes) -> ParsedDocument | None:
    """Read a document, feeds in this process; None when it is refused, in words one can print."""
    try:
        text = decode(content, name="x").lstrip("\ufeff")
        if text.lstrip().startswith("<") and xml_root(text)[0] in FEED_ROOTS:
            try:
                facts = read_entries(from_the_root(text), 100)
            except Exception:  # noqa: BLE001 - feedparser may fail in any way, in its own process
                return None
            return feed_document(facts, "https://x.example/feed")
        return read_document(content, name="x", address="https://x.example/feed")
    except MailerError as error:
        _say(error)
        return None


def _check_report(text: str) -> None:
    content = text.encode("utf-8", "replace")
    report = read_report(content)
    assert report == read_report(content)
    finding = report.finding
    for words in (finding.recipient, finding.status, finding.diagnostic, report.reporter):
        assert not _UNCLEAN.search(words), words
    assert len(report.addresses) <= 40
    if finding.kind is BounceKind.HARD:
        assert finding.recipient or finding.status, "hard without a name or a code"


def _check_readers(content: bytes) -> None:
    told: list[list[RejectedLine]] = [[], []]
    for turn in told:
        try:
            report = import_readers(
                _database(),
                BytesIO(content),
                confirmed=False,
                clock=lambda: NOON,
                tell=turn.append,
            )
        except InputError as error:
            _say(error)
            return
    assert (report.new_count, report.updated_count, told[1]) == (0, 0, told[0])
    for line in told[0]:
        assert not _UNCLEAN.search(line.reason + line.mend + line.email), line


def _check_expression(text: str) -> None:
    try:
        expression = parse(text, VOCABULARY)
    except InputError as error:
        _say(error)
        return
    written = canonical(expression)
    assert canonical(parse(written, VOCABULARY)) == written


def _check_token(drawn: tuple[Purpose, list[int], str]) -> None:
    purpose, parts, noise = drawn
    token = SIGNER.sign(purpose, *parts)
    for text in (noise, token[: len(noise)] + noise, token + noise, noise + token):
        try:
            assert SIGNER.read(purpose, text) == tuple(parts)
            SIGNER.read_at(purpose, text, NOON, timedelta(days=7))
        except InputError as error:
            _say(error)
        assert not SIGNER.has_sealed(str(parts), text)


def _check_address(text: str) -> None:
    try:
        address = read_address(text)
    except InputError as error:
        _say(error)
        return
    again = read_address(address.shown)
    assert (again.key, again.wire) == (address.key, address.wire)
    assert address.wire.count("@") >= 1
    assert not _UNCLEAN.search(address.wire)
    assert not re.search(r"\s", address.wire)
    assert address.needs_smtputf8 or address.wire.isascii()


def _check_settings(values: dict[str, str]) -> None:
    values = {
        name: f"s3cr3t{value}" if name in _SECRETS else value for name, value in values.items()
    }
    known = {key: value for key, value in os.environ.items() if not key.startswith("MAILER_")}
    with patch.dict(os.environ, known | values, clear=True):
        try:
            settings = read_settings()
        except SettingsError as error:
            _say(error, naming=(*values, "MAILER_", "production"))
            return
    assert "s3cr3t" not in repr(settings)
    assert settings.limits.rate >= 0


def _say(error: MailerError, naming: Iterable[str] = ()) -> None:
    """Check that a refusal can be printed, names one of these if there are any, and no secret."""
    said = str(error)
    assert "s3cr3t" not in said
    assert not _UNCLEAN.search(said), said
    names = list(naming)
    assert not names or any(name in said for name in names), said


@cache
def _database() -> Database:
    folder = tempfile.mkdtemp(prefix="fuzz-")
    url = f"sqlite:///{Path(folder) / 'readers.db'}"
    upgrade(url)
    return Database.open(url)


_ENV = st.dictionaries(
    st.sampled_from(sorted(Settings.model_fields)).map(lambda name: f"MAILER_{name.upper()}"),
    st.one_of(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30),
        st.sampled_from(
            ["0", "-1", "1e400", "nan", "inf", "smtp", "production", "http://x", "a@b.example", "*"]
        ),
    ),
    max_size=4,
)
_EXPRESSIONS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(["china", "north-korea", "mars", "&", "|", "!", "(", ")", "NOT", '"', " "]),
        max_size=40,
    ).map("".join),
)

PROPERTIES: dict[str, Property] = {
    "feeds": Property(shapes.encoded(shapes.damaged(shapes.feeds())), _check_stories),
    "stories": Property(shapes.encoded(shapes.damaged(shapes.story_lines())), _check_stories),
    "pages": Property(shapes.encoded(shapes.damaged(shapes.PAGES)), _check_stories),
    "reports": Property(shapes.damaged(shapes.REPORTS), _check_report),
    "readers": Property(
        shapes.damaged(shapes.reader_lists()).map(lambda text: text.encode("utf-8", "replace")),
        _check_readers,
    ),
    "expressions": Property(_EXPRESSIONS, _check_expression),
    "tokens": Property(
        st.tuples(
            st.sampled_from(Purpose), st.lists(st.integers(0, 2**63 - 1), max_size=4), shapes.TEXTS
        ),
        _check_token,
    ),
    "addresses": Property(
        st.one_of(st.emails(), shapes.damaged(st.emails()), shapes.TEXTS), _check_address
    ),
    "settings": Property(_ENV, _check_settings),
}


def check_in_time(name: str, drawn: Any) -> None:
    """Check one property for one document; fails, too, when it takes seconds of processor time."""
    began = time.process_time()
    PROPERTIES[name].check(drawn)
    assert time.process_time() - began < _MOST_SECONDS, f"{name}: took too long"
