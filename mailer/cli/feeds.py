"""`mailer feeds …`: feeds that are polled."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import note, print_json, print_table, say
from mailer.cli.room import open_room
from mailer.core.clocks import duration_text, read_duration
from mailer.flows.documents import moment, story_document
from mailer.flows.poll_feeds import FeedPoller, Polled
from mailer.store.audit import COMMAND_LINE
from mailer.store.feeds import Feed, list_feeds

app = typer.Typer(no_args_is_help=True)
_UrlArgument = Annotated[str, typer.Argument(metavar="URL", help="The feed's web address.")]


@app.command("add")
def add(
    url: _UrlArgument,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Put this tag on every story, too.")
    ] = None,
    every: Annotated[str, typer.Option(help="How often to look: 5m, 1h.")] = "15m",
    as_json: JsonOption = False,
) -> None:
    """Poll a feed from now on: RSS, Atom, JSON Feed or JSON Lines.

    What it holds today counts as of its publication, so that nobody is mailed an archive. A feed
    that does not answer today is added all the same (exit code 1).
    """
    with open_room() as room:
        poller = FeedPoller(room.desk.database, room.clock)
        _show(
            [
                poller.add(
                    url, tags=tuple(tag or ()), every=read_duration(every), actor=COMMAND_LINE
                )
            ],
            as_json=as_json,
        )


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List feeds, with how the last look at each went."""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_feeds(connection)
    if as_json:
        print_json([_document(feed) for feed in found])
        return
    print_table(
        ["url", "tags", "every", "last read", "next look", "stories#", "failures#", "last error"],
        [
            [
                feed.url,
                " ".join(feed.tags),
                duration_text(feed.every),
                moment(feed.succeeded_at) or "never",
                "paused" if feed.paused_at else moment(feed.due_at),
                feed.story_count,
                feed.failure_count,
                feed.last_error,
            ]
            for feed in found
        ],
        "no feeds yet: 'mailer feeds add URL' adds one",
    )


@app.command("poll")
def poll(
    url: Annotated[str, typer.Argument(metavar="[URL]", help="Only this feed.")] = "",
    due: Annotated[bool, typer.Option("--due", help="Only those whose time has come.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Look at all feeds now, or at one; those that fail are named (exit code 1)."""
    with open_room() as room:
        poller = FeedPoller(room.desk.database, room.clock)
        _show(poller.poll_due() if due and not url else poller.poll_now(url), as_json=as_json)


@app.command("remove")
def remove(url: _UrlArgument) -> None:
    """Poll a feed no more; its stories stay."""
    with open_room() as room:
        FeedPoller(room.desk.database, room.clock).remove(url, actor=COMMAND_LINE)
    say(f"{url} is polled no more; its stories stay")


@app.command("pause")
def pause(url: _UrlArgument) -> None:
    """Poll a feed no more by itself, until it is resumed."""
    with open_room() as room:
        FeedPoller(room.desk.database, room.clock).pause(url, actor=COMMAND_LINE)
    say(f"{url} is paused: 'mailer feeds poll {url}' still looks at it")


@app.command("resume")
def resume(url: _UrlArgument) -> None:
    """Poll a paused feed again."""
    with open_room() as room:
        FeedPoller(room.desk.database, room.clock).resume(url, actor=COMMAND_LINE)
    say(f"{url} is polled again")


def _show(looks: Iterable[Polled], *, as_json: bool) -> None:
    """Print each look as it ends; ends with exit code 1 when one failed or left a story out."""
    documents = []
    for look in looks:
        documents.append(_look_document(look))
        if not as_json:
            _say(look)
    if as_json:
        print_json(documents)
    elif not documents:
        say("no feed to look at")
    if any(document["error"] or document["rejected"] for document in documents):
        raise typer.Exit(1)


def _say(look: Polled) -> None:
    if look.error:
        note(f"{look.url}: {look.error}")
        return
    report = look.report
    if report is None:
        say(f"{look.url}: not modified")
        return
    say(
        f"{look.url}: {report.new_count} new, {report.updated_count} updated, "
        f"{report.unchanged_count} unchanged, {len(report.rejections)} rejected"
    )
    for rejection in report.rejections:
        note(f"rejected {rejection.item}: {rejection.reason}")


def _look_document(look: Polled) -> dict[str, Any]:
    report = look.report
    return {
        "url": look.url,
        "error": look.error,
        "new": report.new_count if report else 0,
        "updated": report.updated_count if report else 0,
        "unchanged": report.unchanged_count if report else 0,
        "rejected": [
            {"item": rejection.item, "reason": rejection.reason}
            for rejection in (report.rejections if report else ())
        ],
        "stories": [story_document(story) for story in (report.stories if report else ())],
    }


def _document(feed: Feed) -> dict[str, Any]:
    return {
        "url": feed.url,
        "tags": list(feed.tags),
        "every_seconds": int(feed.every.total_seconds()),
        "due_at": moment(feed.due_at),
        "polled_at": moment(feed.polled_at),
        "succeeded_at": moment(feed.succeeded_at),
        "failures": feed.failure_count,
        "last_error": feed.last_error,
        "paused_at": moment(feed.paused_at),
        "stories": feed.story_count,
        "etag": feed.etag,
        "last_modified": feed.last_modified,
    }
