"""Amazon SES, whose notices come through SNS: its envelope, and what is in it.

Sources: SNS "Verifying the signatures of messages", SES "Notification contents" and "Event
publishing contents".
"""

import re
from datetime import UTC, datetime
from typing import Any

from mailer.bounces.notices.documents import items, message_id, part, raw, read_json, word
from mailer.core.bounces import Arrival, BounceKind, Finding, Report, judge_failure
from mailer.core.hooks import Notices

NOTIFICATION = "Notification"
CONFIRMATION = "SubscriptionConfirmation"
_SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED[CONFIRMATION]
_HOST = r"https://sns\.[a-z0-9-]{3,40}\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE = re.compile(_HOST + r"/SimpleNotificationService-[0-9a-zA-Z]{1,80}\.pem")
_CONFIRM = re.compile(_HOST + r"/\?Action=ConfirmSubscription&[!-~]{1,3000}")
_CONTENT = frozenset({"ContentRejected", "MessageTooLarge", "AttachmentRejected"})
_GONE = frozenset({"NoEmail", "Suppressed", "OnAccountSuppressionList"})


def signed_text(envelope: object) -> bytes | None:
    """Return what SNS signs of a message, None when it is no message of SNS."""
    names = _SIGNED.get(raw(envelope, "Type") or "")
    if names is None:
        return None
    lines = []
    for name in names:
        value = raw(envelope, name)
        if value is None:
            # Only a notification may lack a line: its subject.
            if name == "Subject":
                continue
            return None
        lines.append(f"{name}\n{value}\n")
    return "".join(lines).encode("utf-8", "surrogatepass")


def certificate_url(envelope: object) -> str:
    """Return where the certificate is, "" for anywhere but a certificate of Amazon's SNS."""
    url = raw(envelope, "SigningCertURL") or ""
    return url if _CERTIFICATE.fullmatch(url) else ""


def confirm_url(envelope: object) -> str:
    """Return what confirms a subscription, "" for anywhere but Amazon's SNS."""
    url = raw(envelope, "SubscribeURL") or ""
    return url if _CONFIRM.fullmatch(url) else ""


def signed_at(envelope: object) -> datetime | None:
    """Return when SNS made a message."""
    try:
        moment = datetime.fromisoformat(raw(envelope, "Timestamp") or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def read_ses(envelope: object) -> Notices:
    """Read a message of SNS that has proven itself."""
    kind, topic = raw(envelope, "Type"), word(envelope, "TopicArn")
    if kind == CONFIRMATION:
        return Notices(confirm_url=confirm_url(envelope), topic=topic)
    document = read_json((raw(envelope, "Message") or "").encode("utf-8", "replace"))
    told = word(document, "eventType") or word(document, "notificationType")
    if kind != NOTIFICATION or not told:
        return Notices(ignored_count=1, topic=topic)
    mail = part(document, "mail")
    addresses, message_ids = _marks(mail)
    if told == "Delivery":
        return Notices(arrivals=(Arrival(addresses, message_ids),), topic=topic)
    findings, unique, reporter = _findings(document, told, mail)
    # Each recipient of one event is a report of its own.
    unique = unique or word(envelope, "MessageId")
    reports = tuple(
        Report(f"ses:{unique}:{finding.recipient}", finding, reporter, addresses, message_ids)
        for finding in findings
    )
    return Notices(reports=reports, ignored_count=0 if reports else 1, topic=topic)


def _findings(document: Any, told: str, mail: Any) -> tuple[list[Finding], str, str]:
    if told == "Bounce":
        bounce = part(document, "bounce")
        found = [_bounced(bounce, each) for each in items(bounce, "bouncedRecipients")]
        return found, word(bounce, "feedbackId"), word(bounce, "reportingMTA").removeprefix("dsn; ")
    if told == "Complaint":
        complaint = part(document, "complaint")
        said = word(complaint, "complaintFeedbackType", limit=40)
        kind = BounceKind.ORDINARY if said == "not-spam" else BounceKind.COMPLAINT
        found = [
            Finding(kind, word(each, "emailAddress"), "", said)
            for each in items(complaint, "complainedRecipients")
        ]
        return found, word(complaint, "feedbackId"), word(complaint, "userAgent", limit=100)
    if told == "DeliveryDelay":
        delay = part(document, "deliveryDelay")
        words = word(delay, "delayType")
        found = [
            Finding(
                BounceKind.DELAYED,
                word(each, "emailAddress"),
                word(each, "status", limit=20),
                word(each, "diagnosticCode") or words,
            )
            for each in items(delay, "delayedRecipients")
        ]
        return found, "", word(delay, "reportingMTA")
    recipients = [word({"to": each}, "to") for each in items(mail, "destination")]
    if told == "Reject":
        said = word(document, "reject", "reason")
        return [Finding(BounceKind.POLICY, to, "", said) for to in recipients], "", ""
    chosen = part(document, "subscription", "newTopicPreferences", "unsubscribeAll")
    if told == "Subscription" and chosen is True:
        return [Finding(BounceKind.UNSUBSCRIBE, to) for to in recipients], "", ""
    return [], "", ""


def _bounced(bounce: Any, recipient: Any) -> Finding:
    kind, subtype = word(bounce, "bounceType"), word(bounce, "bounceSubType")
    status = word(recipient, "status", limit=20)
    diagnostic = word(recipient, "diagnosticCode")
    said = f"{kind} {subtype} {diagnostic}".strip()
    if kind == "Permanent":
        judged = judge_failure(status, diagnostic) if status or diagnostic else BounceKind.HARD
        verdict = BounceKind.HARD if subtype in _GONE else judged
    elif subtype in _CONTENT:
        verdict = BounceKind.POLICY
    else:
        verdict = BounceKind.SOFT
    return Finding(verdict, word(recipient, "emailAddress"), status, said)


def _marks(mail: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what names our delivery: the envelope sender, and the Message-ID before SES's own."""
    addresses = [word(mail, "source")]
    found: list[str] = []
    for header in items(mail, "headers"):
        name, value = word(header, "name").casefold(), word(header, "value")
        if name == "return-path":
            addresses.append(value)
        elif name == "message-id":
            found.append(value)
    found.append(word(mail, "commonHeaders", "messageId"))
    ids = tuple(each for text in found for each in message_id(text))
    return tuple(filter(None, addresses)), tuple(dict.fromkeys(ids))
