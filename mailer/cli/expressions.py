"""`mailer expression …`."""

from typing import Annotated

import typer

from mailer.cli.options import AsOfOption, JsonOption
from mailer.cli.output import print_json, say
from mailer.cli.room import open_room
from mailer.core.moments import read_moment
from mailer.flows.check_expression import check_expression

app = typer.Typer(no_args_is_help=True)


@app.callback()
def expression() -> None:
    """Tag expressions."""


@app.command("check")
def check(
    text: Annotated[str, typer.Argument(metavar="EXPRESSION", help="'china & !sport'")],
    as_of: AsOfOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say what an expression means and what it would have matched in 14 days.

    Examples: 'china & north-korea', 'asia & !sport', '(japan | taiwan) & trade', '"South Korea"'.
    """
    with open_room() as room:
        moment = read_moment(as_of, room.clock())
        checked = check_expression(room.desk.database, text, as_of=moment)
    if as_json:
        print_json(
            {
                "canonical": checked.canonical,
                "in_words": checked.in_words,
                "as_of": moment.isoformat(),
                "matched": len(checked.stories),
                "stories": [
                    {"uid": s.uid, "title": s.title, "published_at": s.published_at.isoformat()}
                    for s in checked.stories
                ],
            }
        )
        return
    say(f"canonical  {checked.canonical}")
    say(f"in words   {checked.in_words}")
    count = len(checked.stories)
    say(f"matched    {count} {'story' if count == 1 else 'stories'} in 14 days")
    for story in checked.stories[:5]:
        say(f"           {story.published_at:%Y-%m-%d}  {story.title}")
    if count > 5:
        say(f"           and {count - 5} more")
