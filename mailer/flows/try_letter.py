"""Try a letter: mail it to an operator first, as readers would get it (S22)."""

from dataclasses import dataclass, replace
from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.adhoc_letters import AdHocLetter
from mailer.core.notices import Notice, Occasion, Told
from mailer.core.operators import Operator
from mailer.core.readers import MailFormat, Newsletter
from mailer.errors import InputError
from mailer.flows.collect_outcomes import collect_outcomes
from mailer.flows.desk import Desk
from mailer.flows.write_letters import message_id
from mailer.ports import Accepted, Backend, Message, Outcome
from mailer.render.adhoc_letters import draw_letter
from mailer.render.mail import Mail
from mailer.render.notice_message import build_notice
from mailer.store.adhoc_letters import find_letter, note_test
from mailer.store.audit import record_change
from mailer.store.newsletters import find_newsletter
from mailer.store.operators import find_operator

_MARK = "[Preview] "


@dataclass(frozen=True, slots=True)
class TriedLetter:
    """What was sent, and what came of it."""

    outcome: Outcome
    subject: str
    to: str


def see_letter(desk: Desk, letter: AdHocLetter, *, name: str, email: str, now: datetime) -> Mail:
    """Return a letter as a reader of this name and address would see it; raises InputError.

    Give a desk whose links nobody else signs: they must not lead to anybody's preferences.
    """
    with desk.database.read() as connection:
        newsletter = find_newsletter(connection, letter.text.newsletter)
    notice = _notice(desk, letter, newsletter, name=name, email=email, now=now)
    return desk.renderer.render_notice(notice)


def try_letter(
    desk: Desk, backend: Backend, letter_id: int, *, to: str, actor: str, now: datetime
) -> TriedLetter:
    """Mail the letter to the verified operator `to`; once it is accepted these words may be sent.

    `desk` signs its links with a secret of this call alone. The ledger is not written. Raises
    InputError for anybody else, and for a text that cannot be drawn.
    """
    with desk.database.read() as connection:
        operator = find_operator(connection, read_address(to))
        letter = find_letter(connection, letter_id)
        newsletter = find_newsletter(connection, letter.text.newsletter)
    _require_verified(operator)
    address = read_address(operator.email)
    notice = _notice(desk, letter, newsletter, name=operator.name, email=operator.email, now=now)
    mail = desk.renderer.render_notice(notice)
    marked = replace(mail, subject=_MARK + mail.subject)
    content = build_notice(notice, marked, desk.site, desk.signer)
    if len(content) > (most := desk.renderer.max_mail_bytes):
        raise InputError(
            f"the mail would have {len(content) // 1024} KB: at most {most // 1024}, beyond which "
            "mail clients cut it off"
        )
    message = Message(
        delivery_id=0,
        sender=newsletter.sender_address,
        recipient=address.wire,
        message_id=notice.message_id,
        content=content,
        needs_smtputf8=address.needs_smtputf8,
    )
    (outcome,), stopped = collect_outcomes(backend, [message])
    if stopped is not None:
        raise stopped
    with desk.database.write() as connection:
        if isinstance(outcome, Accepted):
            note_test(
                connection,
                letter_id,
                tested_as=letter.text.fingerprint,
                to=operator.email,
                now=now,
            )
        record_change(
            connection,
            actor=actor,
            action="letter tested",
            subject=f"letter {letter_id}",
            detail=f"to {operator.email}: {type(outcome).__name__.lower()}",
            now=now,
        )
    return TriedLetter(outcome, marked.subject, operator.email)


def _require_verified(operator: Operator) -> None:
    if not operator.is_verified:
        raise InputError(
            f"{operator.email} is no verified operator: she sets a password by the link of "
            f"'mailer operators add', or 'mailer operators edit {operator.email} --link'"
        )


def _notice(
    desk: Desk,
    letter: AdHocLetter,
    newsletter: Newsletter,
    *,
    name: str,
    email: str,
    now: datetime,
) -> Notice:
    written = draw_letter(letter.text, newsletter, desk.site)
    key = f"letter-test:{letter.id}:{now.isoformat()}"
    return Notice(
        occasion=Occasion.LETTER,
        key=key,
        message_id=message_id(key, newsletter.sender_address, desk.signer),
        newsletter=newsletter,
        as_of=now,
        reader_id=0,
        subscription_id=0,
        email=email,
        name=name,
        locale=newsletter.locales[0],
        timezone=newsletter.timezone,
        format=MailFormat.HTML,
        told=Told({}, {}),
        written=written,
    )
