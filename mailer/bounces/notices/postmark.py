"""Postmark: one event a call, proven by the password in the hook's address.

Source: Postmark "Bounce webhook", "Spam complaint webhook", "Delivery webhook", "Subscription
change webhook", "Bounce types".
"""

from typing import Any

from mailer.bounces.notices.documents import part, texts, word
from mailer.bounces.reading import read_report
from mailer.core.bounces import Arrival, BounceKind, Finding, Report, judge_failure
from mailer.core.hooks import Notices

_KINDS = {
    "HardBounce": BounceKind.HARD,
    "BadEmailAddress": BounceKind.HARD,
    "SoftBounce": BounceKind.SOFT,
    "Transient": BounceKind.SOFT,
    "DnsError": BounceKind.SOFT,
    "SpamComplaint": BounceKind.COMPLAINT,
    "Unsubscribe": BounceKind.UNSUBSCRIBE,
    "AutoResponder": BounceKind.AUTO_REPLY,
    "SpamNotification": BounceKind.POLICY,
    "VirusNotification": BounceKind.POLICY,
    "Blocked": BounceKind.POLICY,
    "DMARCPolicy": BounceKind.POLICY,
    "SMTPApiError": BounceKind.POLICY,
    "OpenRelayTest": BounceKind.POLICY,
}
# Why Postmark itself sends no more to an address.
_SUPPRESSED = {
    "HardBounce": BounceKind.HARD,
    "SpamComplaint": BounceKind.COMPLAINT,
    "ManualSuppression": BounceKind.UNSUBSCRIBE,
}
_IGNORED = Notices(ignored_count=1)


def read_postmark(document: object) -> Notices:
    """Read a call that has proven itself."""
    told = word(document, "RecordType")
    addresses, message_ids = _marks(document)
    if told == "Delivery":
        return Notices(arrivals=(Arrival(addresses, message_ids),))
    if told == "SubscriptionChange":
        finding = _changed(document)
        unique = f"{word(document, 'MessageID')}:{word(document, 'ChangedAt')}"
    elif told in ("Bounce", "SpamComplaint"):
        finding = _bounced(document)
        unique = word(document, "ID")
    else:
        return _IGNORED
    if finding is None or not unique:
        return _IGNORED
    evidence = f"postmark:{told}:{unique}:{finding.recipient}"
    return Notices(reports=(Report(evidence, finding, "Postmark", addresses, message_ids),))


def _bounced(document: object) -> Finding:
    kind = word(document, "Type")
    words = word(document, "Details") or word(document, "Description")
    verdict = _KINDS.get(kind)
    if verdict is None:
        verdict = judge_failure("", words) if kind == "Unknown" else BounceKind.ORDINARY
    return Finding(verdict, word(document, "Email"), "", f"{kind} {words}".strip())


def _changed(document: object) -> Finding | None:
    if part(document, "SuppressSending") is not True:
        return None
    reason, origin = word(document, "SuppressionReason"), word(document, "Origin")
    # What an operator did over there is no wish of hers.
    kind = _SUPPRESSED.get(reason)
    if kind is None or (kind is BounceKind.UNSUBSCRIBE and origin != "Recipient"):
        return None
    return Finding(kind, word(document, "Recipient"), "", f"{reason} by {origin}")


def _marks(document: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what names our delivery: our metadata, and the bounce itself when it is sent along."""
    metadata: Any = part(document, "Metadata")
    marks = [word(metadata, name) for name in metadata] if isinstance(metadata, dict) else []
    bounce = read_report(texts(document, "Content").encode("utf-8", "replace"))
    return (*filter(None, marks[:20]), *bounce.addresses), bounce.message_ids
