"""`mailer import PRODUCT FILE`: readers of another product, with their follows and suppressions."""

import sys
from collections.abc import Iterator
from enum import StrEnum
from io import SEEK_END
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import note, print_json, say
from mailer.cli.progress import progress
from mailer.cli.reader_imports import opened, write_rejects
from mailer.cli.room import open_room, record
from mailer.core.newcomers import Newcomer, TopicMap, map_to_fill, read_topic_map
from mailer.core.reader_lines import RejectedLine
from mailer.errors import InputError
from mailer.flows.export_whole import export_whole
from mailer.flows.import_whole import import_whole
from mailer.flows.take_newcomers import Origin, count_topics, take_newcomers
from mailer.ingest.newcomers import PRODUCTS
from mailer.store.newsletters import list_newsletters

_SHOWN_TOPICS = 20


class Product(StrEnum):
    """Whose export is read."""

    LISTMONK = "listmonk"
    MAILCHIMP = "mailchimp"
    GOVDELIVERY = "govdelivery"
    KEILA = "keila"
    WHOLE = "whole"


def import_product(
    product: Annotated[Product, typer.Argument(metavar="PRODUCT", help=", ".join(Product))],
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="Its export: CSV, JSON, zip; whole: a folder.")
    ],
    consent: Annotated[
        str, typer.Option(help="The words these readers agreed to, and where.")
    ] = "",
    topic_map: Annotated[
        Path | None,
        typer.Option("--map", metavar="TOPICS.toml", help="What their lists become here."),
    ] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Tell what it would do.")] = False,
    rejects: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the lines not taken go.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Import readers from listmonk, Mailchimp, GovDelivery or Keila, or a whole export of ours.

    Who gets mail there follows here what the map says; who unsubscribed, bounced or was blocked is
    suppressed, with the export as evidence. Again is no change. `whole` takes a folder of
    'mailer export' into an empty database, with newsletters, stories and all.

    Example: mailer import mailchimp audience.zip --map topics.toml --consent "Form on our site"
    """
    if product is Product.WHOLE:
        if dry or topic_map or consent:
            raise InputError("a whole export goes in as it is: no --dry-run, --map or --consent")
        _import_whole(path, as_json=as_json)
        return
    name = path.name
    away: list[RejectedLine] = []
    with opened(path) as stream, open_room() as room:
        columns: tuple[str, ...] = ()

        def newcomers(groups: tuple[str, ...]) -> Iterator[Newcomer]:
            nonlocal columns
            stream.seek(0)
            for one in PRODUCTS[product](stream, name, groups):
                columns = columns or one.columns
                yield one

        with room.desk.database.read() as connection:
            slugs = [each.slug for each in list_newsletters(connection)]
        topics = _read_map(topic_map) if topic_map else TopicMap()
        counts = count_topics(newcomers(topics.groups))
        if unknown := topics.unknown(each for each, _ in counts.most_common()):
            topics = _complete(topics, unknown, counts, slugs, topic_map)
        with progress("reading", stream.seek(0, SEEK_END), in_bytes=True, quiet=as_json) as see:
            taken = take_newcomers(
                room.desk.database,
                newcomers(topics.groups),
                topics,
                Origin(product.value, name, consent),
                signer=room.desk.signer,
                clock=room.clock,
                dry=dry,
                see=lambda: see(_position(stream)),
                tell=away.append,
            )
        if not dry and (taken.new_count or taken.updated_count or taken.suppressed_count):
            what = f"{taken.new_count} new, {taken.updated_count} updated"
            told = f"{what}, {taken.suppressed_count} suppressed; {consent}"
            record(room, "readers imported", f"{product} export {name}", told)
    written = None
    if away and not dry:
        written = write_rejects(rejects or path.with_suffix(".rejects.csv"), columns, iter(away))
    document = {
        "new": taken.new_count,
        "updated": taken.updated_count,
        "unchanged": taken.unchanged_count,
        "suppressed": taken.suppressed_count,
        "left": taken.left_count,
        "topics": dict(counts.most_common()),
        "rejected": [
            {"line": r.line, "email": r.email, "reason": r.reason, "mend": r.mend} for r in away
        ],
        "rejects_file": str(written) if written else None,
    }
    if as_json:
        print_json(document)
    else:
        say(
            f"{'would be: ' if dry else ''}{taken.new_count} new, {taken.updated_count} updated, "
            f"{taken.unchanged_count} unchanged, {taken.suppressed_count} suppressed, "
            f"{taken.rejected_count} rejected"
        )
        for line in away:
            note(f"line {line.line}: {line.reason}; {line.mend}")
        if written:
            note(f"the lines not taken stand in {written}")
    if away:
        raise typer.Exit(1)


def _import_whole(folder: Path, *, as_json: bool) -> None:
    with open_room() as room, progress("reading", None, quiet=as_json) as see:
        counts = import_whole(room.desk.database, folder, see=see)
        record(room, "whole export imported", str(folder))
    if as_json:
        print_json({"rows": counts})
    else:
        say(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()))


def _read_map(path: Path) -> TopicMap:
    try:
        return read_topic_map(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the map '{path}': {error}") from error


def _position(stream: BinaryIO) -> int:
    return 0 if stream.closed else stream.tell()


def _complete(
    topics: TopicMap,
    unknown: list[str],
    counts: dict[str, int],
    slugs: list[str],
    path: Path | None,
) -> TopicMap:
    """Ask what topics become, where somebody is there to answer; else say how to write it down."""
    newsletter = slugs[0] if slugs else "newsletter"
    if path is not None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        shown = ", ".join(f"{name} ({counts[name]})" for name in unknown[:_SHOWN_TOPICS])
        raise InputError(
            f"what do these become here: {shown}? Give --map with a file like this, filled in:\n\n"
            f"{map_to_fill(unknown, newsletter)}"
        )
    note(f"What do the topics of this export become here? Newsletters: {', '.join(slugs)}")
    newsletter = typer.prompt("newsletter", default=newsletter, err=True)
    lines = [f'newsletter = "{newsletter}"', "", "[topics]"]
    for name in unknown:
        words = typer.prompt(
            f"'{name}' ({counts[name]} readers): an expression, * or no", default="*", err=True
        )
        value = "false" if words.strip().casefold() in ("no", "false") else f'"{words}"'
        lines.append(map_to_fill([name], newsletter).splitlines()[-1].rpartition(" = ")[0])
        lines[-1] += f" = {value}"
    kept = Path("topics.toml")
    text = "\n".join(lines) + "\n"
    read = read_topic_map(text)
    if not kept.exists():
        kept.write_text(text, encoding="utf-8")
        note(f"written down in {kept}: give it with --map next time")
    return read


def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder.")],
    as_json: JsonOption = False,
) -> None:
    """Export everything but the ledger: readers, follows, consents, suppressions, stories.

    JSON Lines for every row, CSV of readers, follows and suppressions, and a manifest with rows
    and checksums. `mailer import whole FOLDER` takes it into an empty database.

    Example: mailer export backup-2026-11-24
    """
    with open_room() as room, progress("writing", None, quiet=as_json) as see:
        counts = export_whole(room.desk.database, folder, now=room.clock(), see=see)
        record(room, "everything exported", str(folder))
    if as_json:
        print_json({"folder": str(folder), "files": counts})
        return
    say(f"{folder}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
