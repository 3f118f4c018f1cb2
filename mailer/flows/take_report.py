"""Take a report of what came back: prove whose mail it is about, record it, act on it.

Nothing in a report's text is believed about who is meant: only the sealed address it came to, a
Message-ID of ours that it quotes, or the signature of a mail service count. All else is recorded
as unproven and does nothing: a forged bounce suppresses nobody.
"""

from dataclasses import dataclass
from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.bounce_addresses import bounced_delivery
from mailer.core.bounces import COUNTED, BounceKind, Proof, Report, SoftRule
from mailer.core.hygiene import clean_header
from mailer.core.tokens import Signer
from mailer.core.webhooks import EventKind
from mailer.errors import InputError
from mailer.store.bounces import (
    Bounced,
    add_bounce,
    bounced_mail,
    has_address,
    mail_of_message_ids,
    note_action,
    reader_of_address,
    soft_count,
)
from mailer.store.database import Connection, Database
from mailer.store.leaving import end_subscriptions
from mailer.store.readers import lock_reader, suppress
from mailer.store.webhook_facts import tell_bounced

UNPROVEN = "recorded: nothing proves that it is about a mail of ours"
_LONGEST_EVIDENCE = 600
_EVENTS = {
    BounceKind.HARD: EventKind.DELIVERY_BOUNCED,
    BounceKind.SOFT: EventKind.DELIVERY_BOUNCED,
    BounceKind.COMPLAINT: EventKind.DELIVERY_COMPLAINED,
}


@dataclass(frozen=True, slots=True)
class TakenReport:
    """What a report was and what was done; `is_new` is False when it was read before."""

    kind: BounceKind
    proof: Proof
    email: str
    delivery_id: int | None
    action: str
    is_new: bool


def take_report(
    database: Database,
    signer: Signer,
    report: Report,
    *,
    source: str,
    rule: SoftRule,
    signed: bool = False,
    now: datetime,
) -> TakenReport:
    """Record a report and act on it; the same report again is no change.

    Hard bounces and complaints suppress at once, a complaint also ends all her subscriptions; soft
    ones suppress by the rule; an unsubscription at a mail service ends them and suppresses nobody.
    `signed` when a mail service vouches for the recipient it names.
    """
    with database.write() as connection:
        proof, mail = _prove(connection, signer, report, signed=signed)
        bounce_id = add_bounce(connection, report, proof=proof, mail=mail, source=source, now=now)
        if bounce_id is None:
            return _taken(report, proof, mail, "known already", is_new=False)
        action = _act(connection, report, mail, rule, now)
        note_action(connection, bounce_id, action)
        _tell(connection, report, mail, bounce_id=bounce_id, action=action, now=now)
    return _taken(report, proof, mail, action, is_new=True)


def _prove(
    connection: Connection, signer: Signer, report: Report, *, signed: bool
) -> tuple[Proof, Bounced | None]:
    for address in report.addresses:
        delivery_id = bounced_delivery(address, signer)
        mail = bounced_mail(connection, delivery_id) if delivery_id is not None else None
        if mail is not None:
            return Proof.ENVELOPE, mail
    if report.message_ids:
        mail = mail_of_message_ids(connection, report.message_ids)
        if mail is not None:
            return Proof.SIGNED if signed else Proof.MESSAGE_ID, mail
    if signed:
        try:
            key = read_address(report.finding.recipient).key
        except InputError:
            return Proof.NONE, None
        return Proof.SIGNED, reader_of_address(connection, key)
    return Proof.NONE, None


def _act(
    connection: Connection, report: Report, mail: Bounced | None, rule: SoftRule, now: datetime
) -> str:
    kind = report.finding.kind
    if mail is None:
        return UNPROVEN if kind in COUNTED else "recorded"
    if kind not in COUNTED:
        return "recorded"
    if mail.reader_id is not None:
        # Readers before all else, as everywhere: nobody waits in a circle.
        lock_reader(connection, mail.reader_id)
    if kind is BounceKind.SOFT:
        count = soft_count(connection, mail.email_key, now - rule.within)
        if count < rule.most:
            return f"counted: {count} of {rule.most} within {rule.within.days} days"
        evidence = f"{count} mails came back within {rule.within.days} days, last: {_words(report)}"
        new = suppress(connection, mail.email_key, "soft bounces", evidence, now)
        return "suppressed" if new else "suppressed before"
    if kind is BounceKind.UNSUBSCRIBE:
        return _unsubscribe(connection, mail, now)
    reason = "complaint" if kind is BounceKind.COMPLAINT else "hard bounce"
    ended = 0
    if kind is BounceKind.COMPLAINT:
        ended = _end(connection, mail, reason, now)
    about = f" (delivery {mail.delivery_id})" if mail.delivery_id is not None else ""
    new = suppress(connection, mail.email_key, reason, _words(report) + about, now)
    told = "suppressed" if new else "suppressed before"
    return f"unsubscribed from {ended}, {told}" if kind is BounceKind.COMPLAINT else told


def _tell(
    connection: Connection,
    report: Report,
    mail: Bounced | None,
    *,
    bounce_id: int,
    action: str,
    now: datetime,
) -> None:
    """Tell programs of what was proven."""
    kind = _EVENTS.get(report.finding.kind)
    if kind is None or mail is None:
        return
    tell_bounced(
        connection,
        kind,
        bounce_id=bounce_id,
        delivery_id=mail.delivery_id,
        reader_id=mail.reader_id,
        email=mail.email,
        bounce=report.finding.kind,
        status=report.finding.status,
        action=action,
        now=now,
    )


def _unsubscribe(connection: Connection, mail: Bounced, now: datetime) -> str:
    """End all her subscriptions; her address stays good, she may begin anew."""
    return f"unsubscribed from {_end(connection, mail, 'unsubscribed', now)}"


def _end(connection: Connection, mail: Bounced, reason: str, now: datetime) -> int:
    """End a reader's subscriptions while the address is still hers; returns how many."""
    if mail.reader_id is None or not has_address(connection, mail.reader_id, mail.email_key):
        return 0
    return end_subscriptions(connection, mail.reader_id, reason, now)


def _words(report: Report) -> str:
    finding = report.finding
    parts = [finding.status, finding.diagnostic, f"by {report.reporter}" if report.reporter else ""]
    return clean_header(" ".join(part for part in parts if part), _LONGEST_EVIDENCE)


def _taken(
    report: Report, proof: Proof, mail: Bounced | None, action: str, *, is_new: bool
) -> TakenReport:
    return TakenReport(
        kind=report.finding.kind,
        proof=proof,
        email=mail.email if mail else report.finding.recipient,
        delivery_id=mail.delivery_id if mail else None,
        action=action,
        is_new=is_new,
    )
