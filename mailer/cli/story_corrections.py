"""`mailer stories correct` and `retract`."""

from typing import Annotated

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, say
from mailer.cli.room import open_room
from mailer.core.corrections import CorrectionKind
from mailer.flows.correct_story import Amended, Amendment, correct_story

NoteOption = Annotated[str, typer.Option("--note", help="What was wrong; readers see it.")]


def correct(
    uid: str,
    note: NoteOption,
    title: Annotated[str, typer.Option(help="The headline as it should read.")] = "",
    summary: Annotated[str, typer.Option(help="The summary as it should read.")] = "",
    wrong: Annotated[
        int | None,
        typer.Option(min=1, help="The last wrong revision; else all before the right one."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell exactly those who have a wrong version, in the thread of the mail that brought it.

    Import the corrected story first, or give its texts here. Mails that wait get the right version.
    """
    amendment = Amendment(CorrectionKind.CORRECTION, note, title, summary, wrong)
    _amend(uid, amendment, as_json)


def retract(uid: str, note: NoteOption, as_json: JsonOption = False) -> None:
    """Take a story back: nobody new gets it, and all who have it are told at once."""
    _amend(uid, Amendment(CorrectionKind.RETRACTION, note), as_json)


def _amend(uid: str, amendment: Amendment, as_json: bool) -> None:
    with open_room() as room:
        amended = correct_story(room.desk, uid, amendment, now=room.clock())
    if as_json:
        print_json(_document(amended))
        return
    correction, pursued = amended.correction, amended.pursued
    known = "" if amended.is_new else ", as it was before"
    say(
        f"{correction.kind} {correction.id} of '{uid}' at revision {correction.right_revision}"
        f"{known}: {pursued.told_count} readers are told, {pursued.replanned_count} mails planned "
        f"anew before they left, {pursued.dropped_count} dropped"
    )
    say("workers send it; without workers: 'mailer drain'")


def _document(amended: Amended) -> dict[str, object]:
    correction, pursued = amended.correction, amended.pursued
    return {
        "id": correction.id,
        "uid": correction.uid,
        "kind": correction.kind,
        "note": correction.note,
        "wrong_revision": correction.wrong_revision,
        "right_revision": correction.right_revision,
        "new": amended.is_new,
        "counts": {
            "told": pursued.told_count,
            "planned_anew": pursued.replanned_count,
            "dropped": pursued.dropped_count,
        },
    }
