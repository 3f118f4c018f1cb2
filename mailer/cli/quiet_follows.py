"""`mailer readers quiet-follows`."""

from datetime import timedelta
from typing import Annotated

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, print_table, say
from mailer.cli.room import open_room
from mailer.flows.find_quiet_follows import LONG, find_quiet_follows, tell_quiet_follows


def quiet_follows(
    days: Annotated[int, typer.Option(min=0, help="So long nothing has matched.")] = LONG.days,
    tell: Annotated[
        bool, typer.Option("--tell", help="Mail each of these readers, once a follow.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List follows that have brought nothing for long, and those whose tags are gone."""
    with open_room() as room:
        now = room.clock()
        found = find_quiet_follows(room.desk.database, now=now, long=timedelta(days=days))
        told = tell_quiet_follows(room.desk, found, now=now) if tell else 0
    if as_json:
        print_json(
            [
                {
                    "email": one.email,
                    "newsletter": one.newsletter,
                    "expression": one.expression,
                    "cadence": one.cadence,
                    "since": one.since_at.isoformat(),
                    "broken": one.is_broken,
                }
                for one in found
            ]
        )
        return
    print_table(
        ["reader", "newsletter", "cadence", "expression", "why"],
        [
            [
                one.email,
                one.newsletter,
                one.cadence,
                one.expression,
                "a tag of it is gone" if one.is_broken else f"nothing in {days} days",
            ]
            for one in found
        ],
        f"every follow has brought something in {days} days",
    )
    if tell:
        say(f"{told} readers are told; workers send it, without workers: 'mailer drain'")
