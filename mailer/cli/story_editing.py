"""`mailer stories edit`: change what stands of a story, and write to nobody."""

from typing import Annotated

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import note, print_json, say
from mailer.cli.room import open_room
from mailer.flows.documents import story_document
from mailer.flows.edit_story import Edit, edit_story


def edit(
    uid: str,
    title: Annotated[str | None, typer.Option(help="Its headline.")] = None,
    url: Annotated[str | None, typer.Option(help="Where it stands on the web.")] = None,
    summary: Annotated[str | None, typer.Option(help="One or two sentences.")] = None,
    byline: Annotated[str | None, typer.Option(help="Who wrote it.")] = None,
    embargo: Annotated[
        str | None, typer.Option(metavar="TIME", help="Nowhere before this; off: no embargo.")
    ] = None,
    urgent: Annotated[
        bool | None, typer.Option("--urgent/--no-urgent", help="To all who follow, at once.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Change a story; what is not given stays. Nobody is written to: that is 'stories correct'.

    Embargo and urgency can be changed until a mail holds the story.
    """
    asked = Edit(
        title=title,
        url=url,
        summary=summary,
        byline=byline,
        embargo_until="" if embargo == "off" else embargo,
        urgent=urgent,
    )
    with open_room() as room:
        edited = edit_story(room.desk.database, uid, asked, now=room.clock())
    story, mailed = edited.story, edited.mailed
    if as_json:
        counts = {"readers": mailed.reader_count, "waiting": mailed.waiting_count}
        until = story.embargo_until_at
        print_json(
            {
                **story_document(story),
                "embargo_until": until.isoformat() if until else None,
                "changed": list(edited.changes),
                "mailed": counts,
            }
        )
        return
    what = ", ".join(edited.changes) or "nothing"
    say(f"{story.uid}: {what} changed, revision {story.revision}")
    if edited.changes and not mailed.is_nowhere:
        note(
            f"{mailed.reader_count} readers were mailed an older version, {mailed.waiting_count} "
            "mails wait with one: only 'mailer stories correct' tells them"
        )
