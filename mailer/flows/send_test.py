"""Send a test: the very mail a reader would get, to an operator, with links that do nothing."""

from dataclasses import dataclass, replace
from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.letters import Letter
from mailer.core.readers import Cadence
from mailer.core.runs import PlannedMail
from mailer.errors import InputError
from mailer.flows.collect_outcomes import collect_outcomes
from mailer.flows.desk import Desk
from mailer.flows.preview_mail import preview_mail
from mailer.ports import Backend, Message, Outcome
from mailer.render.message import build_message
from mailer.store.audit import record_change
from mailer.store.operators import find_operator

_MARK = "[Preview] "


@dataclass(frozen=True, slots=True)
class SentTest:
    """What was sent and what came of it; no outcome when she would get no mail."""

    outcome: Outcome | None
    subject: str
    message_id: str
    planned: PlannedMail | None


def send_test(
    desk: Desk,
    backend: Backend,
    newsletter_slug: str,
    cadence: Cadence,
    *,
    reader_email: str,
    to: str,
    as_of: datetime,
    actor: str,
    now: datetime,
) -> SentTest:
    """Mail the operator `to` what this reader would get; raises InputError for anybody else (S22).

    `desk` signs its links with a secret of this call alone: who clicks in a test, or a program
    that follows its links, must not end a reader's subscription. The ledger is not written.
    """
    with desk.database.read() as connection:
        operator = find_operator(connection, read_address(to))
    if not operator.is_verified:
        raise InputError(
            f"{operator.email} is no verified operator: she sets a password by the link of "
            f"'mailer operators add', or 'mailer operators edit {operator.email} --link'"
        )
    preview, planned = preview_mail(
        desk, newsletter_slug, cadence, reader_email=reader_email, as_of=as_of
    )
    if preview is None or not isinstance(preview.letter, Letter):
        return SentTest(None, "", "", planned)
    address = read_address(operator.email)
    letter = replace(preview.letter, email=operator.email, name=operator.name)
    mail = replace(preview.mail, subject=_MARK + preview.mail.subject)
    message = Message(
        delivery_id=0,
        sender=preview.sender,
        recipient=address.wire,
        message_id=letter.message_id,
        content=build_message(letter, mail, desk.site, desk.signer),
        needs_smtputf8=address.needs_smtputf8,
    )
    (outcome,), stopped = collect_outcomes(backend, [message])
    if stopped is not None:
        raise stopped
    with desk.database.write() as connection:
        record_change(
            connection,
            actor=actor,
            action="test sent",
            subject=f"{newsletter_slug} {cadence} as {reader_email} to {operator.email}",
            now=now,
        )
    return SentTest(outcome, mail.subject, letter.message_id, planned)
