"""SendGrid: a batch of events a call, signed by ECDSA over the moment and the body.

Source: SendGrid "Event webhook reference" and "Event webhook security features".
"""

from typing import Any

from mailer.bounces.notices.documents import message_id, word
from mailer.core.bounces import Arrival, BounceKind, Finding, Report, judge_failure
from mailer.core.hooks import Notices

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
# The custom argument that may name our delivery; all of them stand beside the other fields.
ARGUMENT = "delivery"
_PLAIN = {
    "spamreport": BounceKind.COMPLAINT,
    "unsubscribe": BounceKind.UNSUBSCRIBE,
    "group_unsubscribe": BounceKind.UNSUBSCRIBE,
    "deferred": BounceKind.DELAYED,
}
# Why SendGrid did not even try.
_DROPPED = {
    "bounced address": BounceKind.HARD,
    "invalid": BounceKind.HARD,
    "spam reporting address": BounceKind.COMPLAINT,
    "unsubscribed address": BounceKind.UNSUBSCRIBE,
}
_OURS = frozenset({"content", "reputation", "frequency or volume too high", "frequency/volume"})


def read_sendgrid(document: object) -> Notices:
    """Read a batch that has proven itself."""
    reports: list[Report] = []
    arrivals: list[Arrival] = []
    ignored = 0
    events = document if isinstance(document, list) else [document]
    for event in events:
        told, unique = word(event, "event"), word(event, "sg_event_id")
        addresses = tuple(filter(None, (word(event, ARGUMENT),)))
        message_ids = message_id(word(event, "smtp-id"))
        if told == "delivered":
            arrivals.append(Arrival(addresses, message_ids))
            continue
        kind = _kind(event, told)
        if kind is None or not unique:
            ignored += 1
            continue
        finding = Finding(
            kind,
            word(event, "email"),
            word(event, "status", limit=20),
            word(event, "reason") or word(event, "response"),
        )
        evidence = f"sendgrid:{unique}"
        reports.append(Report(evidence, finding, "SendGrid", addresses, message_ids))
    return Notices(tuple(reports), tuple(arrivals), ignored)


def _kind(event: Any, told: str) -> BounceKind | None:
    if told == "dropped":
        return _DROPPED.get(word(event, "reason").casefold(), BounceKind.POLICY)
    if told != "bounce":
        return _PLAIN.get(told)
    classified = word(event, "bounce_classification").casefold()
    if classified in _OURS:
        return BounceKind.POLICY
    judged = judge_failure(word(event, "status", limit=20), word(event, "reason"))
    if word(event, "type") == "blocked":
        # Refused this time: SendGrid itself goes on sending to the address.
        return BounceKind.SOFT if judged is BounceKind.HARD else judged
    return BounceKind.HARD if classified == "invalid address" else judged
