"""Measure pages in a large newsroom: typing, preferences under load, and the operator's desk.

    python -m bench.pages --readers 1000000 --runs 6 --items 4 --json pages.json

On PostgreSQL, in a newsroom of so many readers whose ledger holds `--runs` mornings: a mail to each
reader, of `--items` stories. The pages are served by a process of their own, as `mailer web` serves
them, and asked over HTTP: by readers at a given rate, whether it keeps up or not, and by one
operator who waits for each page.
"""

import argparse
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import psutil

from bench.ledger import fill_ledger
from bench.newsroom import NOW, SLUG, Size, fill
from bench.tables import Spread, print_table, spread
from bench.visitors import Page, ask_at, ask_one_by_one
from mailer.bootstrap import Installation, open_installation
from mailer.core.operators import Role
from mailer.core.tokens import Purpose
from mailer.flows.add_operator import add_operator
from mailer.flows.sign_in import sign_in
from mailer.settings import Settings
from mailer.store.database import upgrade
from mailer.web.serving import serve
from tests.servers.postgres import PostgresServer

_OPERATOR = "desk@bench.example"
_DESK = ("/operate", "/operate/runs", "/operate/deliveries", "/operate/readers", "/metrics")
_TYPED = ("tag-1", "tag-1 & tag-2", "(tag-1 | tag-2) & !tag-3", "tag-1 & (tag-5 | tag-9)")
_PREFERENCES = 500  # Readers who open theirs in turn.
_START_SECONDS = 30

Table = list[dict[str, Spread | str]]


def main() -> None:
    """Measure, tell the tables, and write the JSON where it was asked for."""
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted.add_argument("--readers", type=int, default=10_000)
    wanted.add_argument("--runs", type=int, default=6, help="mornings the ledger remembers")
    wanted.add_argument("--items", type=int, default=4, help="stories of each of their mails")
    wanted.add_argument("--rate", type=float, default=200, help="readers who ask, a second")
    wanted.add_argument("--seconds", type=float, default=10)
    wanted.add_argument("--json", type=Path, help="where to write all figures")
    wanted.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = wanted.parse_args()
    if given.serve is not None:
        serve(_open_room(os.environ["MAILER_DATABASE_URL"]), "127.0.0.1", given.serve)
        return
    with ExitStack() as stack:
        postgres = PostgresServer.start()
        stack.callback(postgres.stop)
        url = postgres.create()
        upgrade(url)
        room = _open_room(url)
        stack.callback(room.close)
        fill(room.desk.database, Size(given.readers))
        rows = fill_ledger(room.desk.database, given.readers, runs=given.runs, items=given.items)
        tables = _measure(room, stack, given.rate, given.seconds)
    for name, table in tables.items():
        print_table(f"{name}: {given.readers:,} readers, {rows:,} ledger rows", table)
    if given.json:
        told = {"readers": given.readers, "ledger rows": rows, **tables}
        given.json.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def _open_room(url: str) -> Installation:
    """Open the newsroom on its own morning: the outlook looks 14 days back from there."""
    return open_installation(Settings(database_url=url, backend="memory"), clock=lambda: NOW)


def _measure(room: Installation, stack: ExitStack, rate: float, seconds: float) -> dict[str, Table]:
    port = _free_port()
    log = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.pages", "--serve", str(port)],
        env=os.environ | {"MAILER_DATABASE_URL": room.settings.database_url},
        stdout=log,
        stderr=log,
    )
    stack.callback(server.wait)
    stack.callback(server.terminate)
    _await(port, server)
    watched = psutil.Process(server.pid)
    tables: dict[str, Table] = {
        "A follow checked while typing": [
            _row(text, ask_one_by_one(port, _typing(text), 30)) for text in _TYPED
        ]
    }
    before = sum(watched.cpu_times()[:2])
    asked = ask_at(port, _preferences(room), rate, seconds)
    used = (sum(watched.cpu_times()[:2]) - before) / (rate * seconds)
    tables["Preferences"] = [_row("a reader's own", asked | {"processor ms a page": used * 1e3})]
    cookie = _sign_in(room)
    tables["The desk"] = [
        _row(path, ask_one_by_one(port, Page(path, headers={"Cookie": cookie}), 5))
        for path in _DESK
    ]
    tables["Memory of the server"] = [
        _row("after all of it", {"MB": watched.memory_info().rss / 2**20})
    ]
    return tables


def _row(name: str, figures: dict[str, float]) -> dict[str, Spread | str]:
    return {"what": name} | {label: spread([value]) for label, value in figures.items()}


def _typing(text: str) -> Page:
    return Page(
        "/subscribe/outlook",
        urlencode({"newsletter": SLUG, "expression": text, "cadence": "daily"}),
    )


def _preferences(room: Installation) -> list[Page]:
    signer = room.desk.signer
    return [
        Page(f"/preferences/{signer.sign_at(Purpose.PREFERENCES, NOW, reader_id)}")
        for reader_id in range(1, _PREFERENCES + 1)
    ]


def _sign_in(room: Installation) -> str:
    password = secrets.token_urlsafe(16)
    database = room.desk.database
    add_operator(database, _OPERATOR, role=Role.ADMIN, password=password, actor="bench", now=NOW)
    signed = sign_in(database, _OPERATOR, password, address="127.0.0.1", now=NOW)
    return f"desk={signed.token}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError as error:
            if server.poll() is not None or time.monotonic() > end:
                raise SystemExit("the pages are not served") from error
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    main()
