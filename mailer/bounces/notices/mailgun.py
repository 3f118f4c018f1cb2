"""Mailgun: one event a call; it signs a moment and a token, not what it tells.

So each token counts once, for one body: whoever overhears one cannot use it for another.
Source: Mailgun "Webhooks", "Securing webhooks", "Event structure".
"""

from mailer.bounces.notices.documents import message_id, part, word
from mailer.core.bounces import Arrival, BounceKind, Finding, Report, judge_failure
from mailer.core.hooks import Notices

_LISTED = {
    "suppress-bounce": BounceKind.HARD,
    "suppress-complaint": BounceKind.COMPLAINT,
    "suppress-unsubscribe": BounceKind.UNSUBSCRIBE,
}


def seal_of(document: object) -> tuple[str, str, str]:
    """Return moment, token and signature of a call, each "" when it is missing."""
    timestamp = word(document, "signature", "timestamp", limit=20)
    token = word(document, "signature", "token", limit=200)
    return timestamp, token, word(document, "signature", "signature", limit=200)


def read_mailgun(document: object) -> Notices:
    """Read a call that has proven itself."""
    event = part(document, "event-data")
    addresses = tuple(
        filter(None, (word(event, "user-variables", "delivery"), word(event, "envelope", "sender")))
    )
    message_ids = message_id(word(event, "message", "headers", "message-id"))
    token = seal_of(document)[1]
    told, unique = word(event, "event"), word(event, "id")
    if told == "delivered":
        return Notices(arrivals=(Arrival(addresses, message_ids),), token=token)
    kind = _kind(event, told)
    if kind is None or not unique:
        return Notices(ignored_count=1, token=token)
    finding = Finding(kind, word(event, "recipient"), _status(event), _words(event))
    report = Report(f"mailgun:{unique}", finding, "Mailgun", addresses, message_ids)
    return Notices(reports=(report,), token=token)


def _kind(event: object, told: str) -> BounceKind | None:
    if told == "complained":
        return BounceKind.COMPLAINT
    if told == "unsubscribed":
        return BounceKind.UNSUBSCRIBE
    if told == "rejected":
        return BounceKind.POLICY
    if told != "failed":
        return None
    if word(event, "severity") == "temporary":
        return BounceKind.DELAYED
    listed = _LISTED.get(word(event, "reason"))
    return listed or judge_failure(_status(event), _words(event))


def _status(event: object) -> str:
    return word(event, "delivery-status", "enhanced-code", limit=20)


def _words(event: object) -> str:
    told = (
        word(event, "delivery-status", name, limit=300)
        for name in ("code", "message", "description")
    )
    return " ".join(filter(None, told))
