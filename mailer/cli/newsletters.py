"""`mailer newsletters …`."""

from typing import Annotated

import typer

from mailer.bootstrap import open_workbench
from mailer.cli.options import JsonOption, NewsletterArgument, read_cadence
from mailer.cli.output import print_json, print_table, say
from mailer.cli.room import open_room, record
from mailer.core.notices import Occasion
from mailer.core.readers import OF_FOLLOWS, Newsletter
from mailer.errors import InputError
from mailer.flows.add_newsletter import add_newsletter
from mailer.flows.documents import newsletter_document
from mailer.flows.edit_newsletter import edit_newsletter
from mailer.settings import read_settings
from mailer.store.newsletters import find_newsletter, list_newsletters

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List all newsletters."""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_newsletters(connection)
    if as_json:
        print_json([newsletter_document(newsletter) for newsletter in found])
        return
    print_table(
        ["slug", "name", "cadences", "base expression", "sender"],
        [
            [n.slug, n.name, " ".join(n.cadences), n.base_expression, n.sender_address]
            for n in found
        ],
        "no newsletters yet: 'mailer newsletters add SLUG --name … --from …' or 'mailer seed'",
    )


@app.command("show")
def show(slug: NewsletterArgument, as_json: JsonOption = False) -> None:
    """Show one newsletter."""
    with open_room() as room, room.desk.database.read() as connection:
        document = newsletter_document(find_newsletter(connection, slug))
    if as_json:
        print_json(document)
        return
    for name, value in document.items():
        say(f"{name:<15} {' '.join(value) if isinstance(value, list) else value}")


@app.command("add")
def add(
    slug: NewsletterArgument,
    name: Annotated[str, typer.Option(help="What readers see.")],
    sender: Annotated[str, typer.Option("--from", help="The sender's address.")],
    sender_name: Annotated[
        str, typer.Option(help="The sender's name; else the newsletter's.")
    ] = "",
    description: Annotated[str, typer.Option(help="One sentence for the subscribe page.")] = "",
    reply_to: Annotated[str, typer.Option(help="Where answers go.")] = "",
    base: Annotated[str, typer.Option(help="Only stories that match this expression.")] = "*",
    cadence: Annotated[
        list[str] | None, typer.Option(help="An allowed cadence; may be repeated. Else all.")
    ] = None,
    locale: Annotated[list[str] | None, typer.Option(help="A language; the first leads.")] = None,
    timezone: Annotated[str, typer.Option(help="IANA name.")] = "UTC",
    template: Annotated[str, typer.Option(help="The template of its digests.")] = "digest",
) -> None:
    """Add a newsletter."""
    cadences = tuple(read_cadence(text) for text in cadence or ()) or OF_FOLLOWS
    with open_room() as room:
        add_newsletter(
            room.desk.database,
            Newsletter(
                id=0,
                slug=slug,
                name=name,
                description=description,
                sender_name=sender_name or name,
                sender_address=sender,
                reply_to=reply_to,
                template=_known_template(template),
                locales=tuple(locale or ["en"]),
                cadences=cadences,
                base_expression=base,
                timezone=timezone,
            ),
        )
        record(room, "newsletter added", f"newsletter {slug}", name)
    say(f"added {slug}")


@app.command("edit")
def edit(
    slug: NewsletterArgument,
    name: Annotated[str | None, typer.Option(help="What readers see.")] = None,
    sender: Annotated[str | None, typer.Option("--from", help="The sender's address.")] = None,
    sender_name: Annotated[str | None, typer.Option(help="The sender's name.")] = None,
    description: Annotated[str | None, typer.Option(help="For the subscribe page.")] = None,
    reply_to: Annotated[str | None, typer.Option(help="Where answers go; '' for none.")] = None,
    base: Annotated[str | None, typer.Option(help="Only stories that match this.")] = None,
    cadence: Annotated[list[str] | None, typer.Option(help="An allowed cadence.")] = None,
    locale: Annotated[list[str] | None, typer.Option(help="A language.")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA name.")] = None,
    template: Annotated[str | None, typer.Option(help="The template of its digests.")] = None,
) -> None:
    """Change what is named of a newsletter; the rest stays."""
    changes = {
        "name": name,
        "sender_address": sender,
        "sender_name": sender_name,
        "description": description,
        "reply_to": reply_to,
        "base_expression": base,
        "cadences": tuple(read_cadence(text) for text in cadence) if cadence else None,
        "locales": tuple(locale) if locale else None,
        "timezone": timezone,
        "template": _known_template(template) if template is not None else None,
    }
    wanted = {field: value for field, value in changes.items() if value is not None}
    if not wanted:
        raise InputError("nothing to change: name an option, such as --name or --template")
    with open_room() as room:
        edit_newsletter(room.desk.database, slug, wanted)
        record(room, "newsletter changed", f"newsletter {slug}", ", ".join(wanted))
    say(f"changed {slug}: {', '.join(wanted)}")


def _known_template(name: str) -> str:
    """Return the name of a digest's template that is there; raises InputError or NotFoundError."""
    if name == "alert" or name in frozenset(Occasion):
        raise InputError(f"'{name}' is no template of a digest: see 'mailer templates list'")
    open_workbench(read_settings()).file(name, "body.html")
    return name
