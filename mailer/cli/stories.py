"""`mailer stories …`."""

from pathlib import Path
from typing import Annotated

import typer

from mailer.cli import story_corrections, story_editing, story_writing
from mailer.cli.options import AsOfOption, JsonOption
from mailer.cli.output import note, print_json, print_table, say
from mailer.cli.room import open_room, record
from mailer.core.moments import read_moment
from mailer.errors import InputError
from mailer.flows.documents import story_document
from mailer.flows.ingest_document import IngestReport, ingest_document
from mailer.ingest.documents import read_document
from mailer.ingest.fetch import fetch
from mailer.store.stories import find_story, latest_stories

app = typer.Typer(no_args_is_help=True)
app.command("add")(story_writing.add)
app.command("edit")(story_editing.edit)
app.command("correct")(story_corrections.correct)
app.command("retract")(story_corrections.retract)


@app.command("import")
def import_stories(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH|URL…", help="Files, '-', or web addresses.")
    ],
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Put this tag on every story, too.")
    ] = None,
    as_of: AsOfOption = "",
    as_json: JsonOption = False,
) -> None:
    """Import RSS, Atom, JSON Feed, JSON Lines, or the printed page of an article.

    Again is no change; changed content raises a story's revision. What cannot be taken is named
    with its reason, and the rest is taken all the same (exit code 1).
    """
    reports: list[IngestReport] = []
    failures: list[tuple[str, InputError]] = []
    with open_room() as room:
        now = read_moment(as_of, room.clock())
        for path in paths:
            try:
                content, content_type, address = _read(path)
                document = read_document(
                    content, name=path, content_type=content_type, address=address
                )
            except InputError as error:
                failures.append((path, error))
                continue
            report = ingest_document(room.desk.database, document, now=now, operator_tags=tag or ())
            reports.append(report)
            if report.new_count or report.updated_count:
                what = f"{report.new_count} new, {report.updated_count} updated"
                record(room, "stories imported", path, what)
    if len(failures) == len(paths) == 1 and not as_json:
        raise failures[0][1]
    rejected = [
        {"item": rejection.item, "reason": rejection.reason}
        for report in reports
        for rejection in report.rejections
    ] + [{"item": path, "reason": str(error)} for path, error in failures]
    stories = [story for report in reports for story in report.stories]
    counts = {
        "new": sum(report.new_count for report in reports),
        "updated": sum(report.updated_count for report in reports),
        "unchanged": sum(report.unchanged_count for report in reports),
    }
    if as_json:
        print_json(
            {**counts, "rejected": rejected, "stories": [story_document(s) for s in stories]}
        )
    else:
        for story in stories:
            say(f"{story.published_at:%Y-%m-%d}  {', '.join(story.tags) or 'no tags'}")
            say(f"            {story.title}  [{story.uid}]")
        say(
            ", ".join(f"{count} {name}" for name, count in counts.items())
            + f", {len(rejected)} rejected"
        )
        for item in rejected:
            note(f"rejected {item['item']}: {item['reason']}")
    if rejected:
        raise typer.Exit(2 if failures and not reports else 1)


def _read(path: str) -> tuple[bytes, str, str]:
    if path.startswith(("http://", "https://")):
        fetched = fetch(path)
        return fetched.content, fetched.content_type, fetched.url
    if path == "-":
        return typer.get_binary_stream("stdin").read(), "", ""
    try:
        return Path(path).read_bytes(), "", ""
    except OSError as error:
        raise InputError(f"cannot read '{path}': {error.strerror}") from error


@app.command("list")
def list_stories(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the newest stories."""
    with open_room() as room, room.desk.database.read() as connection:
        stories = latest_stories(connection, limit)
    if as_json:
        print_json([story_document(story) for story in stories])
        return
    print_table(
        ["published", "uid", "rev#", "tags", "title"],
        [
            [
                f"{s.published_at:%Y-%m-%d %H:%M}",
                s.uid,
                s.revision,
                " ".join(s.tags),
                ("RETRACTED " if s.retracted else "") + s.title,
            ]
            for s in stories
        ],
        "no stories yet: 'mailer stories import FILE' or 'mailer seed'",
    )


@app.command("show")
def show_story(uid: str, as_json: JsonOption = False) -> None:
    """Show one story whole."""
    with open_room() as room, room.desk.database.read() as connection:
        story = find_story(connection, uid)
    if as_json:
        print_json({**story_document(story), "body_html": story.body_html})
        return
    for name, value in story_document(story).items():
        if name != "see_also":
            say(f"{name:<13} {' '.join(value) if isinstance(value, list) else value}")
    for other in story.see_also:
        say(f"{'see also':<13} {other.title} ({other.published_on or 'no date'})")
    say()
    say(story.body_html)
