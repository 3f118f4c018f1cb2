"""Believe a call of a hook, or say why not: each mail service proves itself in its own way."""

from base64 import b64decode
from datetime import datetime

from mailer.bounces.notices import mailgun, postmark, sendgrid, ses
from mailer.bounces.notices.documents import raw, read_json
from mailer.bounces.notices.signatures import (
    has_ecdsa,
    has_hmac,
    has_sns_signature,
    is_one_of,
)
from mailer.core.hooks import HookCall, HookSecrets, Notices, Provider, Refusal, moment_of
from mailer.errors import InputError
from mailer.flows.fetch_certificate import Certificates


def believe_hook(
    call: HookCall, secrets: HookSecrets, certificates: Certificates, *, now: datetime
) -> Notices | Refusal:
    """Return what a call tells, or why it is not believed.

    Raises ServiceAway when a certificate cannot be had now: the mail service will try again.
    """
    if not secrets.listens_to(call.provider):
        return Refusal.NOT_SET_UP
    match call.provider:
        case Provider.SES:
            return _ses(call, secrets, certificates, now)
        case Provider.POSTMARK:
            return _postmark(call, secrets)
        case Provider.SENDGRID:
            return _sendgrid(call, secrets, now)
        case Provider.MAILGUN:
            return _mailgun(call, secrets, now)


def _ses(
    call: HookCall, secrets: HookSecrets, certificates: Certificates, now: datetime
) -> Notices | Refusal:
    envelope = read_json(call.body)
    signed, signature = ses.signed_text(envelope), raw(envelope, "Signature")
    if signed is None or not signature:
        # What is readable is unsigned: so comes what "raw message delivery" is on for.
        return Refusal.UNREADABLE if envelope is None else Refusal.UNSIGNED
    # Before any certificate is fetched: anybody may own a topic that Amazon signs.
    if raw(envelope, "TopicArn") not in secrets.ses_topics:
        return Refusal.FOREIGN
    if not secrets.is_fresh(ses.signed_at(envelope), now):
        return Refusal.STALE
    pem = secrets.ses_certificate or _certificate(ses.certificate_url(envelope), certificates, now)
    version = raw(envelope, "SignatureVersion") or ""
    proven = has_sns_signature(pem, signed, signature, version, now=now)
    return ses.read_ses(envelope) if proven else Refusal.FORGED


def _certificate(url: str, certificates: Certificates, now: datetime) -> str:
    """Return the certificate at an address of Amazon's, "" when there is none."""
    try:
        return certificates.pem(url, now=now) if url else ""
    except InputError:
        return ""


def _postmark(call: HookCall, secrets: HookSecrets) -> Notices | Refusal:
    given = call.password or _basic(call.headers.get("authorization", ""))
    if not given:
        return Refusal.UNSIGNED
    if not is_one_of(given, secrets.postmark):
        return Refusal.FORGED
    document = read_json(call.body)
    return Refusal.UNREADABLE if document is None else postmark.read_postmark(document)


def _sendgrid(call: HookCall, secrets: HookSecrets, now: datetime) -> Notices | Refusal:
    signature = call.headers.get(sendgrid.SIGNATURE, "")
    timestamp = call.headers.get(sendgrid.TIMESTAMP, "")
    if not signature or not timestamp:
        return Refusal.UNSIGNED
    signed = timestamp.encode("utf-8", "replace") + call.body
    if not any(has_ecdsa(key, signed, signature) for key in secrets.sendgrid_keys):
        return Refusal.FORGED
    if not secrets.is_fresh(moment_of(timestamp), now):
        return Refusal.STALE
    document = read_json(call.body)
    return Refusal.UNREADABLE if document is None else sendgrid.read_sendgrid(document)


def _mailgun(call: HookCall, secrets: HookSecrets, now: datetime) -> Notices | Refusal:
    document = read_json(call.body)
    if document is None:
        return Refusal.UNREADABLE
    timestamp, token, signature = mailgun.seal_of(document)
    if not timestamp or not token or not signature:
        return Refusal.UNSIGNED
    signed = f"{timestamp}{token}".encode("utf-8", "replace")
    if not any(has_hmac(key, signed, signature) for key in secrets.mailgun_keys):
        return Refusal.FORGED
    if not secrets.is_fresh(moment_of(timestamp), now):
        return Refusal.STALE
    return mailgun.read_mailgun(document)


def _basic(header: str) -> str:
    """Return `user:password` of a header, "" when it is none of that kind."""
    scheme, _, value = header.partition(" ")
    if scheme.casefold() != "basic":
        return ""
    try:
        return b64decode(value.strip(), validate=True).decode("utf-8")
    except ValueError:
        return ""
