"""`mailer follow`, `unfollow`, `mute`, `unmute`."""

from typing import Annotated

import typer

from mailer.cli.options import AsOfOption, JsonOption, NewsletterArgument, read_cadence
from mailer.cli.output import print_json, say
from mailer.cli.room import open_room, record
from mailer.core.moments import read_moment
from mailer.flows.mute_expression import mute_expression, unmute_expression
from mailer.flows.start_following import start_following
from mailer.flows.stop_following import stop_following

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The reader's address.")]
Expression = Annotated[
    str, typer.Argument(metavar="EXPRESSION", help="A tag expression: 'china & north-korea'.")
]
_SOURCE = "command line"


def follow(
    email: Email,
    newsletter: NewsletterArgument,
    expression: Expression,
    cadence: Annotated[str, typer.Option(help="instant, daily, weekly or monthly.")] = "daily",
    as_of: AsOfOption = "",
    as_json: JsonOption = False,
) -> None:
    """Let a reader follow an expression, or change the cadence of one she follows.

    The first digest looks back one period, so that it is not empty.
    """
    with open_room() as room:
        done = start_following(
            room.desk.database,
            email,
            newsletter,
            expression,
            read_cadence(cadence),
            now=read_moment(as_of, room.clock()),
            source=_SOURCE,
        )
        if done.change != "unchanged":
            what = f"{newsletter}: {done.canonical} ({cadence})"
            record(room, "reader subscribed", f"reader {email}", what)
    if as_json:
        print_json(
            {
                "email": email,
                "newsletter": newsletter,
                "canonical": done.canonical,
                "in_words": done.in_words,
                "cadence": cadence,
                "change": done.change,
            }
        )
        return
    words = {"added": "follows", "unchanged": "already follows", "cadence": "now follows"}
    say(f"{email} {words[done.change]} {done.in_words} ({newsletter}, {cadence})")


def unfollow(
    email: Email,
    newsletter: NewsletterArgument,
    expression: Expression,
) -> None:
    """End a reader's follow, however its expression is written."""
    with open_room() as room:
        ended = stop_following(room.desk.database, email, newsletter, expression, now=room.clock())
        record(room, "reader unsubscribed", f"reader {email}", f"{newsletter}: {ended}")
    say(f"{email} no longer follows {ended} ({newsletter})")


def mute(email: Email, expression: Expression) -> None:
    """Keep stories that match out of all of a reader's mails."""
    with open_room() as room:
        meaning, added = mute_expression(
            room.desk.database, email, expression, now=room.clock(), source=_SOURCE
        )
        if added:
            record(room, "mute added", f"reader {email}", meaning)
    say(f"{email} {'has muted' if added else 'had muted already'} {meaning}")


def unmute(email: Email, expression: Expression) -> None:
    """Take a mute back."""
    with open_room() as room:
        meaning = unmute_expression(room.desk.database, email, expression, now=room.clock())
        record(room, "mute ended", f"reader {email}", meaning)
    say(f"{email} hears of {meaning} again")
