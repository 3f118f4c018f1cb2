"""`mailer stories add`: one story, typed by hand."""

import json
from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, say
from mailer.cli.room import open_room, record
from mailer.errors import InputError
from mailer.flows.documents import story_document
from mailer.flows.ingest_document import ingest_document
from mailer.ingest.documents import read_document


def add(
    title: Annotated[str, typer.Option(help="Its headline.")],
    uid: Annotated[str, typer.Option(help="Its name for ever; else its address.")] = "",
    url: Annotated[str, typer.Option(help="Where it stands on the web.")] = "",
    summary: Annotated[str, typer.Option(help="One or two sentences.")] = "",
    body: Annotated[
        str, typer.Option(metavar="FILE", help="Its text, from a file or '-'; empty lines part it.")
    ] = "",
    place: Annotated[
        list[str] | None, typer.Option(help="A place of its kicker, in order; may be repeated.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A topic; may be repeated.")] = None,
    byline: Annotated[str, typer.Option(help="Who wrote it.")] = "",
    dateline: Annotated[str, typer.Option(help="Where it was written.")] = "",
    language: Annotated[str, typer.Option(help="A code such as en or zh-Hant.")] = "",
    published: Annotated[str, typer.Option(metavar="TIME", help="When; else now.")] = "",
    embargo: Annotated[str, typer.Option(metavar="TIME", help="Nowhere before this.")] = "",
    urgent: Annotated[bool, typer.Option("--urgent", help="To all who follow, at once.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Add a story. The same uid with other words is a new revision; again is no change."""
    if not (uid.strip() or url.strip()):
        raise InputError("a story needs --uid or --url: by it we know it when it comes again")
    typed = {
        "uid": uid.strip() or None,
        "title": title,
        "url": url,
        "summary": summary,
        "body": _read(body) if body else "",
        "kicker": place or [],
        "tags": tag or [],
        "byline": byline,
        "dateline": dateline,
        "language": language,
        "published_at": published,
        "embargo_until": embargo,
        "urgent": urgent,
    }
    document = read_document(json.dumps([typed]).encode(), name="the story")
    if document.rejections:
        raise InputError(f"the story cannot be taken: {document.rejections[0].reason}")
    with open_room() as room:
        report = ingest_document(room.desk.database, document, now=room.clock())
        for story in report.stories if report.new_count or report.updated_count else ():
            state = "published" if report.new_count else "changed"
            record(room, f"story {state}", f"story {story.uid}", story.title)
    if report.rejections:
        raise InputError(f"the story cannot be taken: {report.rejections[0].reason}")
    (story,) = report.stories
    state = "new" if report.new_count else "updated" if report.updated_count else "unchanged"
    if as_json:
        print_json({**story_document(story), "state": state})
        return
    say(f"{story.uid} is {state}, revision {story.revision}: {', '.join(story.tags) or 'no tags'}")


def _read(path: str) -> str:
    try:
        content = (
            typer.get_binary_stream("stdin").read() if path == "-" else Path(path).read_bytes()
        )
        return content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read '{path}': {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"'{path}' is no UTF-8 text: save it as such") from error
