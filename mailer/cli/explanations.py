"""`mailer explain`."""

from typing import Annotated

import typer

from mailer.cli.options import AsOfOption, JsonOption
from mailer.cli.output import print_json, say
from mailer.cli.room import open_room
from mailer.core.moments import read_moment
from mailer.flows.documents import delivery_document
from mailer.flows.explain_story import explain_story


def explain(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The reader's address.")],
    uid: Annotated[str, typer.Argument(metavar="UID", help="The story's uid.")],
    as_of: AsOfOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say why this reader got, or did not get, this story."""
    with open_room() as room:
        told = explain_story(room.desk.database, email, uid, as_of=read_moment(as_of, room.clock()))
    if as_json:
        print_json(
            {
                "email": told.email,
                "uid": told.uid,
                "verdict": told.verdict,
                "text": told.text,
                "follows": [
                    {
                        "newsletter": answer.follow.newsletter,
                        "expression": answer.follow.expression,
                        "cadence": answer.follow.cadence,
                        "in_words": answer.words,
                        "matches": answer.matches,
                        "why_not": list(answer.why_not),
                    }
                    for answer in told.follows
                ],
                "deliveries": [delivery_document(row) for row in told.deliveries],
            }
        )
        return
    say(f"{told.verdict}: {told.text}")
    for answer in told.follows:
        verdict = "matches" if answer.matches else ", ".join(answer.why_not)
        follow = answer.follow
        say(f"  {follow.newsletter} {follow.cadence}: {answer.words} — {verdict}")
