"""What the corpora say a document holds, beside what we read in it."""

import ast
import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mailer.bounces.reading import read_report
from mailer.core.addresses import read_address
from mailer.core.bounces import BounceKind
from mailer.errors import MailerError
from mailer.ingest.decoding import decode
from mailer.ingest.documents import read_document
from mailer.ingest.feed_entries import EntryFacts, FeedFacts, Words, read_entries
from mailer.ingest.feeds import FEED_ROOTS, from_the_root, xml_root
from mailer.ingest.sanitize import plain_text

_EXPECT = re.compile(rb"Expect:\s*(.*?)\s*-->", re.DOTALL)
_TEXT = r"u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_ENTRY_IS = re.compile(
    rf"entries\[(?P<n>\d+)\](?:\.|\[')(?P<field>\w+)(?:'\])?(?P<rest>(?:\[[^\]]*\])*)\s*==\s*"
    rf"(?P<value>{_TEXT}|\([\d, ]+\))"
)
_FAILURES = frozenset({BounceKind.HARD, BounceKind.SOFT, BounceKind.POLICY})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing a corpus expects, and what we have."""

    corpus: str
    what: str
    theirs: str
    ours: str

    @property
    def agrees(self) -> bool:
        """Say whether we read what they expect."""
        return self.theirs == self.ours


def feedparser(folder: Path) -> Iterator[Comparison]:
    """Compare the `Expect:` comments about entries: their words, as plain text, links and dates."""
    for path in sorted((folder / "tests").rglob("*.xml")):
        content = path.read_bytes()
        expect = _EXPECT.search(content)
        facts = _facts(content) if expect else None
        if expect is None or facts is None:
            continue
        name = str(path.relative_to(folder / "tests"))
        for found in _ENTRY_IS.finditer(expect[1].decode("utf-8", "replace")):
            value, number = ast.literal_eval(found["value"]), int(found["n"])
            entry = facts.entries[number] if number < len(facts.entries) else None
            if entry is None:
                yield Comparison("feedparser", f"{name} entry", "an entry", "none")
            elif (kept := _field(entry, found["field"], found["rest"])) is not None:
                what = f"{name} {found['field']}"
                theirs = _words(value) if isinstance(value, str) else _date(value)
                ours = theirs if theirs in kept else kept[0]
                yield Comparison("feedparser", what, theirs, ours)


def flufl_bounce(folder: Path) -> Iterator[Comparison]:
    """Compare whom its test table says each bounce names, and whether for now or for good."""
    expected: dict[str, tuple[set[str], bool]] = {}
    for node in ast.walk(ast.parse((folder / "tests" / "test_detectors.py").read_text())):
        if isinstance(node, ast.Tuple) and len(node.elts) == 4:
            try:
                _, name, addresses, temporary = ast.literal_eval(node)
            except ValueError:
                continue
            if str(name).endswith(".txt"):
                named, _ = expected.setdefault(name, (set(), temporary))
                named.update(address.decode() for address in addresses)
    for name, (named, temporary) in sorted(expected.items()):
        finding = read_report((folder / "tests" / "data" / name).read_bytes()).finding
        ours = "nobody"
        if finding.kind in _FAILURES or finding.kind is BounceKind.DELAYED:
            whom = "one of those" if finding.recipient in named else finding.recipient or "unnamed"
            ours = f"{'later' if finding.kind is BounceKind.DELAYED else 'failed'}: {whom}"
        theirs = f"{'later' if temporary else 'failed'}: one of those" if named else "nobody"
        yield Comparison("flufl.bounce", name, theirs, ours)


def email_validator(folder: Path) -> Iterator[Comparison]:
    """Compare which addresses are some, and their normal form."""
    tree = ast.parse((folder / "tests" / "test_syntax.py").read_text())
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef):
            continue
        valid = function.name in ("test_email_valid", "test_email_valid_intl_local_part")
        if not valid and not function.name.startswith("test_email_invalid"):
            continue
        for node in (each for mark in function.decorator_list for each in ast.walk(mark)):
            if isinstance(node, ast.Tuple) and isinstance(first := node.elts[0], ast.Constant):
                text = str(first.value)
                theirs = _normalized(node) if valid else "refused"
                yield Comparison("email-validator", text.strip(), theirs, _address(text))


def podcastparser(folder: Path) -> Iterator[Comparison]:
    """Compare titles and dates of episodes."""
    for path in sorted((folder / "tests" / "data").glob("*.rss")):
        beside = path.with_suffix(".json")
        expected = json.loads(beside.read_text()) if beside.is_file() else {}
        facts = _facts(path.read_bytes())
        ours = [(_plain(e.title), _date(e.moment)) for e in facts.entries] if facts else []
        for episode in expected.get("episodes", []):
            moment = datetime.fromtimestamp(episode["published"], UTC)
            # Zero is how it says that there is no date.
            date = f"{moment:%F %T}" if episode["published"] else "none"
            theirs = (_words(episode["title"]), date)
            found = theirs if theirs in ours else next(iter(ours), ("nothing", "none"))
            yield Comparison("podcastparser", path.name, " ".join(theirs), " ".join(found))


def newspaper4k(folder: Path) -> Iterator[Comparison]:
    """Compare the headlines of saved pages."""
    data = folder / "tests" / "data"
    for path in sorted((data / "metadata").glob("*.json")):
        page = data / "html" / f"{path.stem}.html"
        title = _words(json.loads(path.read_text()).get("title", ""))
        if page.is_file() and title:
            try:
                drafts = read_document(page.read_bytes(), name=page.name).drafts
                ours = _words(drafts[0].title) if drafts else "no story"
            except MailerError as error:
                ours = f"refused: {error}"[:80]
            yield Comparison("newspaper4k", page.name, title, ours)


EXPECTATIONS: dict[str, Callable[[Path], Iterator[Comparison]]] = {
    "feedparser": feedparser,
    "flufl_bounce": flufl_bounce,
    "email_validator": email_validator,
    "podcastparser": podcastparser,
    "newspaper4k": newspaper4k,
}


def _facts(content: bytes) -> FeedFacts | None:
    try:
        text = decode(content, name="x").lstrip("\ufeff")
    except MailerError:
        return None
    return read_entries(from_the_root(text), 1000) if xml_root(text)[0] in FEED_ROOTS else None


def _field(entry: EntryFacts, field: str, rest: str) -> list[str] | None:
    """Return what we have for a field of feedparser's, best first; None when we keep no such."""
    summary, content = _plain(entry.summary), _plain(entry.content)
    kept = {
        "title": [_plain(entry.title)],
        "title_detail": [_plain(entry.title)],
        "link": [entry.link],
        "id": [_words(entry.id)],
        "guid": [_words(entry.id)],
        "summary": [summary, content],
        "summary_detail": [summary, content],
        "description": [summary, content],
        "content": [content, summary],
        "published_parsed": [_date(entry.moment)],
        "author": [_words(", ".join(entry.authors))],
    }.get(field)
    if kept is not None and rest and "'value'" not in rest:
        return None
    if kept is None and field == "updated_parsed":
        return [_date(entry.moment)]
    return kept


def _plain(words: Words) -> str:
    return _words(plain_text(words.text) if words.is_html else words.text)


def _words(text: str) -> str:
    """Return text without tags and entities, however often escaped, spaces as one."""
    text = re.sub(r"<[^>]*>", " ", html.unescape(html.unescape(text)))
    return "".join(text.split())


def _date(parts: tuple[int, ...]) -> str:
    return "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*parts[:6]) if len(parts) >= 6 else "none"


def _normalized(node: ast.Tuple) -> str:
    call = node.elts[1]
    if isinstance(call, ast.Call):
        for keyword in call.keywords:
            if keyword.arg == "normalized" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return "?"


def _address(text: str) -> str:
    try:
        return read_address(text).shown
    except MailerError:
        return "refused"
