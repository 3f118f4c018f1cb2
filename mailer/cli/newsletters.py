"""`mailer newsletters …`."""

from typing import Annotated

import typer

from mailer.cli.options import JsonOption, NewsletterArgument, read_cadence
from mailer.cli.output import print_json, print_table, say
from mailer.cli.room import open_room
from mailer.core.readers import Cadence, Newsletter
from mailer.flows.add_newsletter import add_newsletter
from mailer.flows.documents import newsletter_document
from mailer.store.newsletters import find_newsletter, list_newsletters

app = typer.Typer(help="Newsletters: list, show, add.", no_args_is_help=True)


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
) -> None:
    """Add a newsletter."""
    cadences = tuple(read_cadence(text) for text in cadence or ()) or tuple(Cadence)
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
                template="digest",
                locales=tuple(locale or ["en"]),
                cadences=cadences,
                base_expression=base,
                timezone=timezone,
            ),
        )
    say(f"added {slug}")
