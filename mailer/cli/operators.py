"""`mailer operators …`: who works at the desk."""

import sys
from typing import Annotated, Any

import typer

from mailer.bootstrap import Installation
from mailer.cli.options import JsonOption
from mailer.cli.output import note, print_json, print_table, say
from mailer.cli.room import open_room
from mailer.core.operators import Operator, read_role
from mailer.flows.add_operator import AddedOperator, add_operator
from mailer.flows.change_operator import change_operator
from mailer.flows.documents import moment
from mailer.store.audit import COMMAND_LINE
from mailer.store.operators import list_operators

app = typer.Typer(no_args_is_help=True)

RoleOption = Annotated[
    str, typer.Option("--role", metavar="ROLE", help="viewer, editor, operator or admin.")
]
StdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read her password from the first line of stdin.")
]


def operator_document(operator: Operator) -> dict[str, Any]:
    """An operator, without her secrets."""
    return {
        "email": operator.email,
        "name": operator.name,
        "role": operator.role,
        "verified": operator.is_verified,
        "second_factor": operator.has_second_factor,
        "created_at": moment(operator.created_at),
        "ended_at": moment(operator.ended_at),
    }


@app.command("add")
def add(
    email: str,
    role: RoleOption = "",
    name: Annotated[str, typer.Option(help="How she is called.")] = "",
    password_stdin: StdinOption = False,
    as_json: JsonOption = False,
) -> None:
    """Add an operator. The first is an admin; without a password she gets a one-time link."""
    password = _read_password(wanted=password_stdin)
    with open_room() as room:
        added = add_operator(
            room.desk.database,
            email,
            role=read_role(role) if role else None,
            name=name,
            password=password,
            actor=COMMAND_LINE,
            now=room.clock(),
        )
        _tell(room, added, as_json=as_json)


@app.command("edit")
def edit(
    email: str,
    role: RoleOption = "",
    password_stdin: StdinOption = False,
    link: Annotated[
        bool, typer.Option("--link", help="A new one-time link; the old password stops working.")
    ] = False,
    forget_code: Annotated[
        bool, typer.Option("--forget-second-factor", help="She lost what makes her codes.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Let her work here again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Change an operator; she must sign in again."""
    password = _read_password(wanted=password_stdin)
    with open_room() as room:
        changed = change_operator(
            room.desk.database,
            email,
            role=read_role(role) if role else None,
            working=True if again else None,
            password=password,
            new_link=link,
            forget_second_factor=forget_code,
            actor=COMMAND_LINE,
            now=room.clock(),
        )
        _tell(room, changed, as_json=as_json)


@app.command("end")
def end(email: str) -> None:
    """Let an operator work here no longer: her sessions end, her name stays in the audit log."""
    with open_room() as room:
        change_operator(
            room.desk.database, email, working=False, actor=COMMAND_LINE, now=room.clock()
        )
    say(f"{email} works here no longer")


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List operators."""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_operators(connection)
    if as_json:
        print_json([operator_document(operator) for operator in found])
        return
    print_table(
        ["email", "name", "role", "verified", "code", "ended"],
        [
            [
                o.email,
                o.name,
                o.role,
                "yes" if o.is_verified else "no",
                "yes" if o.has_second_factor else "no",
                o.ended_at or "",
            ]
            for o in found
        ],
        "no operators yet: 'mailer operators add EMAIL' adds the first, an admin",
    )


def _read_password(*, wanted: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if wanted else ""


def _tell(room: Installation, added: AddedOperator, *, as_json: bool) -> None:
    link = ""
    if added.link_token:
        link = f"{room.settings.public_url}/operate/welcome/{added.link_token}"
    if as_json:
        print_json({**operator_document(added.operator), "link": link or None})
        return
    say(f"{added.operator.email}: {added.operator.role}")
    if link:
        note("Give her this link; it sets her password once, within 48 hours:")
        say(link)
