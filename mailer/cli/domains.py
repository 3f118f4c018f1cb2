"""`mailer domains …` and `mailer relays …`: whom we leave alone for a while, and why."""

from datetime import timedelta

import typer

from mailer.bootstrap import Installation
from mailer.cli.options import JsonOption
from mailer.cli.output import note, print_json, print_table, say
from mailer.cli.room import open_room
from mailer.flows.documents import moment
from mailer.flows.list_domains import list_domains

domains_app = typer.Typer(no_args_is_help=True)
relays_app = typer.Typer(no_args_is_help=True)


@domains_app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List domains that rest, are slowed down, or have mail that waits for a retry."""
    with open_room() as room:
        listed = list_domains(room.desk, now=room.clock())
        _tell_of_processes(room)
    if as_json:
        print_json(
            [
                {
                    "domain": one.domain,
                    "state": one.state,
                    "limit": one.limit,
                    "in_flight": one.in_flight,
                    "resting_until_at": moment(one.resting_until_at),
                    "rest_count": one.rest_count,
                    "waiting": one.waiting_count,
                    "next_at": moment(one.next_at),
                    "reply": one.reply,
                }
                for one in listed
            ]
        )
        return
    print_table(
        ["domain", "state", "until", "limit#", "in flight#", "waiting#", "next", "reply"],
        [
            [
                one.domain,
                one.state,
                moment(one.resting_until_at) or "",
                "" if one.limit is None else one.limit,
                one.in_flight,
                one.waiting_count,
                moment(one.next_at) or "",
                one.reply,
            ]
            for one in listed
        ],
        "no domain waits",
    )


@relays_app.command("list")
def list_relays(as_json: JsonOption = False) -> None:
    """List relays that took nothing up and are left alone, or wait for one message to try them."""
    with open_room() as room:
        now = room.clock()
        states = room.desk.throttle.relay_states(now=now)
        _tell_of_processes(room)
    documents = [
        {
            "relay": one.relay,
            "state": "closed" if one.closed_seconds else "probing",
            "closed_until_at": moment(
                now + timedelta(seconds=one.closed_seconds) if one.closed_seconds else None
            ),
            "failures": one.failure_count,
            "reply": one.reply,
        }
        for one in states
    ]
    if as_json:
        print_json(documents)
        return
    print_table(
        ["relay", "state", "until", "failures#", "reply"],
        [[value or "" for value in document.values()] for document in documents],
        "every relay works",
    )


@relays_app.command("reopen")
def reopen() -> None:
    """Let relays that are left alone be tried now, each by one message: they were mended."""
    with open_room() as room:
        room.desk.throttle.reopen(now=room.clock())
        _tell_of_processes(room)
    say("whatever leaves next tries them")


def _tell_of_processes(room: Installation) -> None:
    if room.settings.is_embedded:
        note("without Redis each process throttles by itself: only the ledger's part shows here")
