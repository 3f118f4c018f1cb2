"""`mailer tags rename`, `merge`, `alias` and `parent`."""

from typing import Annotated

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, say
from mailer.cli.room import open_room
from mailer.core.tag_changes import TagChange, TagChangeKind
from mailer.flows.change_tags import TagReport, change_tags

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say which follows would change, and change nothing.")
]
_SHOWN = 20


def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The tag.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new label.")],
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give a tag another name; the old one stays a spelling of it."""
    _change(TagChange(TagChangeKind.RENAME, old, new), dry_run, as_json)


def merge(
    tag: Annotated[str, typer.Argument(metavar="A", help="The tag that goes.")],
    into: Annotated[str, typer.Argument(metavar="B", help="The tag that stays.")],
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make two tags one: stories, follows and spellings of A become those of B."""
    _change(TagChange(TagChangeKind.MERGE, tag, into), dry_run, as_json)


def alias(
    spelling: Annotated[str, typer.Argument(metavar="A", help="Another name.")],
    tag: Annotated[str, typer.Argument(metavar="B", help="The tag it means.")],
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Add a spelling of a tag."""
    _change(TagChange(TagChangeKind.ALIAS, spelling, tag), dry_run, as_json)


def parent(
    child: Annotated[str, typer.Argument(metavar="CHILD", help="The tag that moves.")],
    above: Annotated[
        str, typer.Argument(metavar="PARENT", help="The tag above it; none if left out.")
    ] = "",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put a tag below another: who follows that gets its stories, too."""
    _change(TagChange(TagChangeKind.PARENT, child, above), dry_run, as_json)


def _change(change: TagChange, dry_run: bool, as_json: bool) -> None:
    with open_room() as room:
        report = change_tags(room.desk, change, now=room.clock(), dry_run=dry_run)
    if as_json:
        print_json(_document(report))
        return
    verb = "change" if report.is_done else "would change"
    say(
        f"{len(report.follows)} follows {verb}, {report.mute_count} mutes, "
        f"of {report.reader_count} readers"
    )
    for follow in report.follows[:_SHOWN]:
        arrow = "" if follow.after == follow.before else f" → {follow.after}"
        say(f"  {follow.newsletter} {follow.cadence}: {follow.before}{arrow}")
    if len(report.follows) > _SHOWN:
        say(f"  and {len(report.follows) - _SHOWN} more: --json shows all")
    for slug in report.newsletters:
        say(f"  base expression of {slug}")
    if report.is_done and report.follows:
        say("each reader is told once; workers send it, without workers: 'mailer drain'")


def _document(report: TagReport) -> dict[str, object]:
    return {
        "kind": report.change.kind,
        "subject": report.change.subject,
        "target": report.change.target,
        "done": report.is_done,
        "counts": {
            "follows": len(report.follows),
            "mutes": report.mute_count,
            "readers": report.reader_count,
        },
        "newsletters": list(report.newsletters),
        "follows": [
            {
                "newsletter": follow.newsletter,
                "cadence": follow.cadence,
                "before": follow.before,
                "after": follow.after,
            }
            for follow in report.follows
        ],
    }
