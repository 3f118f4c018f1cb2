"""What doctor finds about the hooks: keys that cannot be keys, services that tell nobody."""

from collections.abc import Iterator
from datetime import datetime

from mailer.bounces.notices.signatures import is_certificate, is_ecdsa_key
from mailer.core.findings import Finding, fail, ok, warn
from mailer.core.hooks import Provider
from mailer.errors import MailerError
from mailer.settings import Settings
from mailer.store.database import Database
from mailer.store.webhook_outbox import given_up_counts
from mailer.store.webhooks import list_webhooks

# By whose relay mail leaves, when its address says so; and the setting its hook needs.
_RELAYS = {
    Provider.SES: (".amazonaws.com", "MAILER_HOOK_SES_TOPICS"),
    Provider.POSTMARK: (".postmarkapp.com", "MAILER_HOOK_POSTMARK"),
    Provider.SENDGRID: (".sendgrid.net", "MAILER_HOOK_SENDGRID_KEY"),
    Provider.MAILGUN: (".mailgun.org", "MAILER_HOOK_MAILGUN_KEY"),
}


def examine_hooks(settings: Settings, *, now: datetime) -> Iterator[Finding]:
    """Look at what proves the notices of mail services."""
    secrets = settings.hook_secrets
    relays = settings.smtp_url.get_secret_value().casefold() if settings.backend == "smtp" else ""
    wrong = {hook: (found, mend) for hook, found, mend in _wrong(settings, now)}
    for provider, (host, setting) in _RELAYS.items():
        subject = f"hook {provider}"
        if provider in wrong:
            yield fail(subject, *wrong[provider])
        elif secrets.listens_to(provider):
            yield ok(subject, f"{settings.public_url}/hooks/{provider} takes signed notices")
        elif host in relays:
            yield warn(
                subject,
                f"mail leaves by {provider}, whose bounces and complaints nobody hears",
                f"set {setting}, see docs/hooks.md",
            )
    if secrets.ses_certificate and not secrets.ses_topics:
        yield warn(
            "hook ses",
            "MAILER_HOOK_SES_CERTIFICATE has no effect without a topic",
            "set MAILER_HOOK_SES_TOPICS to the topic's ARN",
        )


def examine_webhooks(database: Database) -> Iterator[Finding]:
    """Look at who is told what happens: an address that was disabled hears nothing."""
    if not database.is_made:
        return
    try:
        database.require_current()
    except MailerError:
        # The finding about it stands above.
        return
    with database.read() as connection:
        found = list_webhooks(connection)
        given_up = given_up_counts(connection)
    for one in found:
        subject = f"webhook {one.id}"
        if one.disabled_at is not None:
            mend = f"mend the receiver, then 'mailer webhooks enable {one.id}'"
            yield warn(subject, f"{one.url} is told nothing: {one.disabled_reason}", mend)
        elif count := given_up.get(one.id, 0):
            mend = f"'mailer webhooks retry --webhook {one.id}'"
            yield warn(subject, f"{count} messages to {one.url} were given up", mend)
        else:
            yield ok(subject, f"{one.url} is told of {len(one.kinds)} kinds of events")


def _wrong(settings: Settings, now: datetime) -> Iterator[tuple[Provider, str, str]]:
    """Find secrets that prove nothing: the hook, what is wrong, and the mend."""
    secrets = settings.hook_secrets
    for topic in secrets.ses_topics:
        if not topic.startswith("arn:aws") or topic.count(":") != 5:
            found = f"MAILER_HOOK_SES_TOPICS names '{topic[:80]}', which is no topic"
            yield Provider.SES, found, "an ARN reads arn:aws:sns:REGION:ACCOUNT:NAME"
    if secrets.ses_certificate and not is_certificate(secrets.ses_certificate, now=now):
        found = "MAILER_HOOK_SES_CERTIFICATE is no valid certificate: all notices are refused"
        yield Provider.SES, found, "leave it out: certificates are fetched from Amazon"
    if any(":" not in password for password in secrets.postmark):
        found = "MAILER_HOOK_POSTMARK lacks a colon: Postmark shows a user and a password"
        yield Provider.POSTMARK, found, "set it to user:password, as in the address for Postmark"
    if not all(is_ecdsa_key(key) for key in secrets.sendgrid_keys):
        found = "MAILER_HOOK_SENDGRID_KEY is no public key"
        mend = "copy the verification key of SendGrid's signed event webhook, a line of base64"
        yield Provider.SENDGRID, found, mend
