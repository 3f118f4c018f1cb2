"""Read one message that came to the bounce address: what it is, and what it says.

Formal reports first (RFC 3464, RFC 5965), then what mail systems wrote before them or beside them,
by flufl.bounce. Auto-replies, vacation notes and warnings of a delay are told from failures.
"""

import hashlib
import logging
import re
from email.message import Message

from flufl.bounce import all_failures

from mailer.bounces.parts import (
    LONGEST,
    body_text,
    field,
    fields_of,
    marked_addresses,
    quoted_message_ids,
    read_parts,
    text_of,
    walk,
)
from mailer.core.bounces import BounceKind, Finding, Report, judge_failure, mildest, status_in
from mailer.core.hygiene import clean_header

# Its detectors raise for mail they never saw, and log that as an error before we catch it.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

_LONGEST_WORDS = 500
_COMPLAINTS = frozenset(
    {"abuse", "fraud", "opt-out", "opt-out-list", "other", "virus", "miscategorized"}
)
_DAEMON = re.compile(
    r"mailer-daemon|postmaster|mail delivery (sub)?system|mail administrator|"
    r"system administrator|mail router|bounce|mailerdaemon",
    re.IGNORECASE,
)
_FAILURE_SUBJECT = re.compile(
    r"undeliver|returned (mail|to sender)|fail(ure|ed)|delivery (status|notif|problem|error)|"
    r"mail (delivery|system) error|could not be delivered|not delivered|non.?delivery|"
    r"delivery report|rejected|unzustellbar|nicht zugestellt|mancato recapito|"
    r"mailbox unavailable|non remis|no se puede entregar|undelivered|user unknown",
    re.IGNORECASE,
)
_AWAY_SUBJECT = re.compile(
    r"^\s*(auto(matic|mated)?[ -]?(reply|response|antwort)|out of (the )?office|autoreply|"
    r"abwesen|réponse automatique|risposta automatica|respuesta automática|vacation|"
    r"fuori sede|자동 ?응답|부재중|自动回复|自動回覆)",
    re.IGNORECASE,
)
_DELAY_WORDS = re.compile(
    r"warning|delayed|still being (re)?tried|will (keep|continue) (re)?try|not yet been delivered|"
    r"do not need to resend|will be retried",
    re.IGNORECASE,
)


def read_report(content: bytes) -> Report:
    """Read a message; whatever it holds, a report comes back, at worst that it is ordinary mail."""
    try:
        message = read_parts(content)
        finding, reporter = _find(message)
        return Report(
            evidence=_evidence(message, content),
            finding=finding,
            reporter=reporter,
            addresses=marked_addresses(message),
            message_ids=quoted_message_ids(message),
        )
    except Exception:  # noqa: BLE001 - parts within parts, odd charsets: the parser may raise anything
        digest = hashlib.sha256(content[:LONGEST]).hexdigest()
        return Report(f"mail:{digest}", Finding(BounceKind.ORDINARY))


def _find(message: Message) -> tuple[Finding, str]:
    for part in walk(message):
        kind = part.get_content_type()
        if kind == "message/feedback-report":
            return _complaint(part)
        if kind in ("message/delivery-status", "message/global-delivery-status"):
            found = _statuses(part, message)
            if found is not None:
                return found
    if _is_complaint_of_microsoft(message):
        return Finding(BounceKind.COMPLAINT), "hotmail"
    if _is_auto_reply(message):
        return Finding(BounceKind.AUTO_REPLY), ""
    return _informal(message), ""


def _statuses(part: Message, message: Message) -> tuple[Finding, str] | None:
    """Read a report of statuses: one finding, the mildest of its recipients; None without any."""
    blocks = fields_of(text_of(part))
    reporter = next((_value(b["reporting-mta"]) for b in blocks if "reporting-mta" in b), "")
    findings = [
        _status(block, message)
        for block in blocks
        if {"action", "status", "final-recipient", "original-recipient"} & block.keys()
    ]
    return (mildest(findings), reporter) if findings else None


def _status(block: dict[str, str], message: Message) -> Finding:
    recipient = _recipient(block)
    status = status_in(block.get("status", ""))
    diagnostic = _value(block.get("diagnostic-code", ""))
    action = block.get("action", "").split(" ")[0].casefold()
    if action in ("delivered", "relayed", "expanded"):
        kind = BounceKind.ORDINARY
    elif action == "delayed" or (not action and status.startswith("4")):
        kind = BounceKind.DELAYED
    else:
        # Without the server's words, those of the letter around the report must do.
        words = diagnostic
        if not words and not status.removesuffix(".0.0").count("."):
            words = body_text(message)[:4000]
        kind = judge_failure(status, words)
    return Finding(kind, clean_header(recipient, 320), status, diagnostic[:_LONGEST_WORDS])


def _recipient(block: dict[str, str]) -> str:
    """Return the address we wrote to; the final one may be X.400, or of a machine within."""
    original = _value(block.get("original-recipient", ""))
    return original if "@" in original else _value(block.get("final-recipient", "")) or original


def _complaint(part: Message) -> tuple[Finding, str]:
    fields = {name: value for block in fields_of(text_of(part)) for name, value in block.items()}
    feedback = fields.get("feedback-type", "").casefold()
    kind = BounceKind.COMPLAINT if feedback in _COMPLAINTS else BounceKind.ORDINARY
    recipient = fields.get("original-rcpt-to") or fields.get("removal-recipient", "")
    reporter = fields.get("user-agent", "")
    return Finding(kind, clean_header(recipient.strip("<>"), 320), "", feedback[:40]), reporter


def _is_complaint_of_microsoft(message: Message) -> bool:
    """Tell whether this is a report of Outlook.com's complaint programme, which is no ARF."""
    return (
        "staff@hotmail.com" in field(message, "From").casefold()
        and field(message, "Subject").casefold().startswith("complaint about message from")
        and any(part.get_content_type() == "message/rfc822" for part in walk(message))
    )


def _is_auto_reply(message: Message) -> bool:
    automatic = field(message, "Auto-Submitted").casefold()
    return (
        automatic.startswith(("auto-replied", "auto-notified")) and not _looks_like_failure(message)
    ) or (
        bool(_AWAY_SUBJECT.search(field(message, "Subject")))
        or message.get("X-Autoreply") is not None
        or message.get("X-Autorespond") is not None
        or field(message, "Precedence").casefold() == "auto_reply"
    )


def _looks_like_failure(message: Message) -> bool:
    # Vacation programs write with an empty return path too: only its subject tells a bounce.
    subject = field(message, "Subject")
    return bool(
        _FAILURE_SUBJECT.search(subject)
        or _DAEMON.search(field(message, "From"))
        or _is_report_of_statuses(message)
    )


def _is_report_of_statuses(message: Message) -> bool:
    """Tell a report by its own type, whose statuses may be missing: a gateway took them out."""
    said = message.get_param("report-type", "") if message.get_content_maintype() else ""
    return isinstance(said, str) and said.casefold() == "delivery-status"


def _informal(message: Message) -> Finding:
    """Read a bounce of no standard, with the detectors of flufl.bounce."""
    if not _looks_like_failure(message):
        return Finding(BounceKind.ORDINARY)
    try:
        temporary, permanent = all_failures(message)
    except Exception:  # noqa: BLE001 - its detectors raise for what their authors never saw
        temporary, permanent = frozenset(), frozenset()
    recipients = sorted(permanent) or sorted(temporary)
    text = body_text(message)
    if not recipients:
        return _nameless(message)
    recipient = clean_header(recipients[0].decode("utf-8", "replace"), 320)
    if not permanent:
        return Finding(BounceKind.DELAYED, recipient, status_in(text))
    words = _around(text, recipient)
    kind = judge_failure("", words)
    # "Warning: user unknown" warns of no delay.
    if kind is not BounceKind.HARD and _DELAY_WORDS.search(field(message, "Subject")):
        kind = BounceKind.DELAYED
    return Finding(kind, recipient, status_in(words), words)


def _nameless(message: Message) -> Finding:
    """Read a failure that names no address: the sealed mark it came to may still tell whose it is.

    Nobody is named, so it is never hard: no single one of these suppresses a reader.
    """
    is_machine = (
        _DAEMON.search(field(message, "From")) is not None
        or _is_report_of_statuses(message)
        or any(part.get_content_type() == "message/rfc822" for part in walk(message))
    )
    if not is_machine or not _FAILURE_SUBJECT.search(field(message, "Subject")):
        return Finding(BounceKind.ORDINARY)
    words = clean_header(body_text(message)[:2000], _LONGEST_WORDS)
    if not words:
        return Finding(BounceKind.ORDINARY)
    if _DELAY_WORDS.search(words) or _DELAY_WORDS.search(field(message, "Subject")):
        return Finding(BounceKind.DELAYED, "", status_in(words), words)
    kind = judge_failure("", words)
    kind = BounceKind.SOFT if kind is BounceKind.HARD else kind
    return Finding(kind, "", status_in(words), words)


def _around(text: str, recipient: str) -> str:
    """Return what the text says beside the address, on one line: from the line it stands on."""
    at = max(text.casefold().find(recipient.casefold()), 0)
    # "Unknown user: mina@…" says it before; one line of a mail has at most 998 characters.
    at = max(text.rfind("\n", 0, at) + 1, at - 200)
    return clean_header(text[at : at + 1000], _LONGEST_WORDS)


def _value(text: str) -> str:
    """Return a typed field without its type: "smtp; 550 no" is "550 no"."""
    kind, semicolon, value = text.partition(";")
    value = value if semicolon and re.fullmatch(r"[\w-]{1,30}", kind.strip()) else text
    return clean_header(value.strip().strip("<>"), 1000)


def _evidence(message: Message, content: bytes) -> str:
    """Name the report, whoever fetched it and whatever lines were put before it on the way."""
    own = field(message, "Message-ID")
    body = content[:LONGEST].replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    named = own.encode("utf-8", "surrogatepass") + b"\n" + body.rstrip()
    return f"mail:{hashlib.sha256(named).hexdigest()}"
