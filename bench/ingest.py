"""Measure taking stories in: JSON Lines from a CMS, and a large feed, new and once more.

    python -m bench.ingest --stories 5000 --repeats 3 --json ingest.json

Told are stories a second from bytes to the store, how much of the time was reading the document,
and the same document taken again, which changes nothing.
"""

import argparse
import json
import random
import shutil
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

from bench.newsroom import NOW, WORDS
from bench.tables import Spread, print_table, spread
from mailer.flows.ingest_document import ingest_document
from mailer.ingest.documents import read_document
from mailer.store.database import Database, upgrade
from tests.servers.postgres import PostgresServer

_TAGS = 300


def main() -> None:
    """Measure, tell the table, and write the JSON where it was asked for."""
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted.add_argument("--stories", type=int, default=5000)
    wanted.add_argument("--repeats", type=int, default=3)
    wanted.add_argument("--json", type=Path, help="where to write all figures")
    given = wanted.parse_args()
    documents = {"stories.jsonl": _lines(given.stories), "feed.xml": _feed(given.stories)}
    rows: list[dict[str, Spread | str]] = []
    with ExitStack() as stack:
        postgres = PostgresServer.start()
        stack.callback(postgres.stop)
        for kind in ("sqlite", "postgresql"):
            for name, content in documents.items():
                runs = [_measure(kind, postgres, name, content) for _ in range(given.repeats)]
                figures = {label: spread([run[label] for run in runs]) for label in runs[0]}
                rows.append({"what": f"{name}, {kind}", **figures})
    print_table(f"{given.stories} stories, medians of {given.repeats} (least–most)", rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def _measure(kind: str, postgres: PostgresServer, name: str, content: bytes) -> dict[str, float]:
    folder = tempfile.mkdtemp(prefix="mailer-bench-")
    url = postgres.create() if kind == "postgresql" else f"sqlite:///{folder}/mailer.db"
    upgrade(url)
    database = Database.open(url)
    try:
        read, first = _take(database, name, content)
        _, again = _take(database, name, content)
    finally:
        database.close()
        shutil.rmtree(folder)
    count = content.count(b"https://news.example/bench/")
    return {
        "stories a second": count / first,
        "reading, %": 100 * read / first,
        "again, a second": count / again,
    }


def _take(database: Database, name: str, content: bytes) -> tuple[float, float]:
    """Read and ingest; seconds of reading, and of both."""
    began = time.perf_counter()
    document = read_document(content, name=name)
    read = time.perf_counter() - began
    report = ingest_document(database, document, now=NOW)
    if report.rejections:
        raise SystemExit(f"rejected: {report.rejections[0]}")
    return read, time.perf_counter() - began


def _stories(count: int) -> list[dict[str, object]]:
    chance = random.Random(1)
    return [
        {
            "uid": f"bench-{number}",
            "url": f"https://news.example/bench/{number}",
            "title": " ".join(chance.choices(WORDS, k=9)).capitalize(),
            "summary": " ".join(chance.choices(WORDS, k=40)).capitalize() + ".",
            "topics": sorted({f"Tag {chance.randrange(_TAGS)}" for _ in range(4)}),
            "published": NOW - timedelta(minutes=number),
        }
        for number in range(count)
    ]


def _lines(count: int) -> bytes:
    return "\n".join(json.dumps(story, default=str) for story in _stories(count)).encode()


def _feed(count: int) -> bytes:
    items = []
    for story in _stories(count):
        topics = story["topics"]
        assert isinstance(topics, list)
        categories = "".join(f"<category>{escape(topic)}</category>" for topic in topics)
        published = format_datetime(story["published"])  # type: ignore[arg-type]
        items.append(
            f"<item><guid isPermaLink='false'>{story['uid']}</guid><link>{story['url']}</link>"
            f"<title>{story['title']}</title><description>{story['summary']}</description>"
            f"<pubDate>{published}</pubDate>{categories}</item>"
        )
    head = "<rss version='2.0'><channel><title>Bench</title><link>https://news.example/</link>"
    return f"{head}{''.join(items)}</channel></rss>".encode()


if __name__ == "__main__":
    main()
