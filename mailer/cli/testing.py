"""`mailer send-test`: a reader's mail in an operator's own mailbox."""

from typing import Annotated

import typer

from mailer.cli.options import (
    AsOfOption,
    CadenceArgument,
    JsonOption,
    NewsletterArgument,
    read_cadence,
)
from mailer.cli.output import print_json, say
from mailer.cli.room import open_room
from mailer.core.moments import read_moment
from mailer.flows.send_test import SentTest, send_test
from mailer.ports import Accepted, Deferred
from mailer.store.audit import COMMAND_LINE


def send_test_mail(
    newsletter: NewsletterArgument,
    cadence: CadenceArgument,
    reader: Annotated[str, typer.Option("--reader", metavar="EMAIL", help="Whose mail.")],
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="A verified operator.")],
    as_of: AsOfOption = "",
    as_json: JsonOption = False,
) -> None:
    """Mail a reader's digest to an operator, with "[Preview]" before its subject.

    It is the very mail, but its links open nothing: a click must not end the reader's mail. The
    ledger is not written. Exit code 1 when she would get no mail or the server takes none.
    """
    chosen = read_cadence(cadence)
    with open_room() as room:
        backend = room.open_backend()
        try:
            sent = send_test(
                room.test_desk(),
                backend,
                newsletter,
                chosen,
                reader_email=reader,
                to=to,
                as_of=read_moment(as_of, room.clock()),
                actor=COMMAND_LINE,
                now=room.clock(),
            )
        finally:
            backend.close()
    if as_json:
        print_json(_document(sent, to))
    elif sent.outcome is None:
        say(f"{reader} would get no mail: nothing was sent")
    else:
        verb = "sent" if isinstance(sent.outcome, Accepted) else "not sent"
        say(f"{verb} to {to}: {sent.subject}\n{sent.outcome.reply}")
    if not isinstance(sent.outcome, Accepted):
        away = isinstance(sent.outcome, Deferred) and not sent.outcome.counts
        raise typer.Exit(3 if away else 1)


def _document(sent: SentTest, to: str) -> dict[str, object]:
    return {
        "to": to,
        "outcome": type(sent.outcome).__name__.lower() if sent.outcome else "no mail",
        "reply": sent.outcome.reply if sent.outcome else "",
        "subject": sent.subject,
        "message_id": sent.message_id,
    }
