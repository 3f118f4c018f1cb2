"""`mailer tags …`."""

from typing import Annotated

import typer

from mailer.cli import tag_changes
from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, print_table, say
from mailer.cli.room import open_room, record
from mailer.core.tags import Tag, TagKind, slugify
from mailer.errors import InputError
from mailer.flows.add_tag import add_tag
from mailer.store.tags import read_vocabulary, story_counts

app = typer.Typer(no_args_is_help=True)
app.command("rename")(tag_changes.rename)
app.command("merge")(tag_changes.merge)
app.command("alias")(tag_changes.alias)
app.command("parent")(tag_changes.parent)


@app.command("list")
def list_tags(as_json: JsonOption = False) -> None:
    """List all tags with their parents, aliases and number of stories."""
    with open_room() as room, room.desk.database.read() as connection:
        vocabulary = read_vocabulary(connection)
        counts = story_counts(connection)
    if as_json:
        print_json(
            [
                {
                    "slug": tag.slug,
                    "label": tag.label,
                    "kind": tag.kind,
                    "parent": tag.parent,
                    "aliases": list(tag.aliases),
                    "stories": counts.get(tag.slug, 0),
                }
                for tag in vocabulary
            ]
        )
        return
    print_table(
        ["slug", "label", "kind", "parent", "stories#", "aliases"],
        [
            [t.slug, t.label, t.kind, t.parent or "", counts.get(t.slug, 0), ", ".join(t.aliases)]
            for t in vocabulary
        ],
        "no tags yet: they come with stories, or with 'mailer tags add'",
    )


@app.command("add")
def add(
    label: Annotated[str, typer.Argument(help='The tag as readers see it: "North Korea".')],
    slug: Annotated[str, typer.Option(help="Its slug; made from the label if not given.")] = "",
    kind: Annotated[str, typer.Option(help="country, region, topic, series or person.")] = "topic",
    parent: Annotated[str, typer.Option(help="The tag above it.")] = "",
    alias: Annotated[list[str] | None, typer.Option(help="Another name; may be repeated.")] = None,
) -> None:
    """Add a tag."""
    try:
        tag_kind = TagKind(kind.casefold())
    except ValueError as error:
        raise InputError(f"unknown kind '{kind}': use {', '.join(TagKind)}") from error
    tag = Tag(slug or slugify(label), label, tag_kind, parent or None, tuple(alias or ()))
    with open_room() as room:
        add_tag(room.desk.database, tag)
        record(room, "tag added", f"tag {tag.slug}", label)
    say(f"added {tag.slug}")
