"""`mailer bounces …`: what came back."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from mailer.bootstrap import Installation
from mailer.bounces.mailboxes import read_mailbox, read_stream
from mailer.bounces.reading import read_report
from mailer.cli.options import JsonOption
from mailer.cli.output import note, print_json, print_table, say
from mailer.cli.room import open_room
from mailer.core.addresses import read_address
from mailer.core.bounces import BounceKind
from mailer.core.hygiene import clean_header
from mailer.errors import InputError
from mailer.flows.documents import moment
from mailer.flows.poll_bounces import poll_bounces
from mailer.flows.take_report import TakenReport, take_report
from mailer.store.bounces import BounceRow, list_bounces

app = typer.Typer(no_args_is_help=True)


@app.command("ingest")
def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE|MAILDIR|MBOX|-", help="Where they are; - is standard input."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Read bounces and complaints from message files, maildirs, mboxes or standard input.

    Nothing in them is changed; reading them again is no change.
    """
    for path in paths:
        if str(path) != "-" and not path.exists():
            raise InputError(f"cannot read '{path}': no such file or folder")
    taken: list[tuple[str, TakenReport]] = []
    with open_room() as room:
        for source, content in _messages(paths):
            taken.append((source, _take(room, source, content)))
            if not as_json:
                _tell(source, taken[-1][1])
    _sum_up(taken, as_json=as_json)


@app.command("poll")
def poll(as_json: JsonOption = False) -> None:
    """Read unread bounces from the mailbox of MAILER_BOUNCE_IMAP_URL, and mark them as read."""
    with open_room() as room:
        url = room.settings.bounce_imap_url.get_secret_value()
        if not url:
            raise InputError(
                "MAILER_BOUNCE_IMAP_URL is not set: imaps://user:password@host/INBOX names the "
                "mailbox that bounces come to"
            )
        taken = [
            (source, report)
            for source, report in poll_bounces(
                room.desk, url, rule=room.settings.soft_rule, clock=room.clock
            )
        ]
    if not as_json:
        for source, report in taken:
            _tell(source, report)
    _sum_up(taken, as_json=as_json)


@app.command("list")
def list_all(
    kind: Annotated[str, typer.Option(help="hard, soft, policy, complaint, delayed, …")] = "",
    reader: Annotated[str, typer.Option(metavar="EMAIL", help="Only of this address.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
    as_json: JsonOption = False,
) -> None:
    """List what came back, newest first."""
    wanted = _read_kind(kind) if kind else None
    key = read_address(reader).key if reader else ""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_bounces(connection, kind=wanted, email_key=key, limit=limit)
    if as_json:
        print_json([bounce_document(row) for row in found])
        return
    print_table(
        ["id#", "at", "kind", "email", "status", "delivery#", "proof", "what was done"],
        [
            [
                b.id,
                b.at,
                b.kind,
                b.email or b.recipient,
                b.status,
                b.delivery_id or "",
                b.proof,
                b.action,
            ]
            for b in found
        ],
        "nothing came back yet: 'mailer bounces ingest' reads files, maildirs and mboxes",
    )


def bounce_document(row: BounceRow) -> dict[str, Any]:
    """A report as it was recorded."""
    return {
        "id": row.id,
        "at": moment(row.at),
        "kind": row.kind,
        "proof": row.proof,
        "delivery": row.delivery_id,
        "email": row.email or None,
        "recipient": row.recipient,
        "status": row.status,
        "diagnostic": row.diagnostic,
        "reporter": row.reporter,
        "source": row.source,
        "action": row.action,
    }


def _messages(paths: list[Path]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        if str(path) == "-":
            for number, content in enumerate(read_stream(sys.stdin.buffer), start=1):
                yield f"standard input message {number}", content
        else:
            yield from read_mailbox(path)


def _take(room: Installation, source: str, content: bytes) -> TakenReport:
    return take_report(
        room.desk.database,
        room.desk.signer,
        read_report(content),
        source=clean_header(source),
        rule=room.settings.soft_rule,
        now=room.clock(),
    )


def _tell(source: str, report: TakenReport) -> None:
    whom = f" {report.email}" if report.email else ""
    say(f"{source}: {report.kind}{whom}: {report.action}")


def _sum_up(taken: list[tuple[str, TakenReport]], *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "source": source,
                    "kind": report.kind,
                    "proof": report.proof,
                    "email": report.email or None,
                    "delivery": report.delivery_id,
                    "action": report.action,
                    "new": report.is_new,
                }
                for source, report in taken
            ]
        )
        return
    counts = Counter(report.kind.value for _, report in taken if report.is_new)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    known = sum(not report.is_new for _, report in taken)
    note(f"{told or 'nothing new'}; {known} known already")


def _read_kind(text: str) -> BounceKind:
    try:
        return BounceKind(text.strip().casefold())
    except ValueError as error:
        raise InputError(
            f"unknown kind '{clean_header(text, 40)}': use {', '.join(BounceKind)}"
        ) from error
