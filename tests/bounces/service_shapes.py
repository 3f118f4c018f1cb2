"""Notices in the shapes that mail services document, unsigned."""

from typing import Any

from tests.builders import NOON


def ses_mail(message_id: str = "", source: str = "news@news.example") -> dict[str, Any]:
    """The `mail` of SES's notices: its own id beside the headers as we gave them."""
    headers = [{"name": "From", "value": "News <news@news.example>"}]
    if message_id:
        headers.append({"name": "Message-ID", "value": message_id})
    return {
        "timestamp": "2026-03-10T11:59:00.000Z",
        "messageId": "0102018f-7ab9-4bb6-9e0c-1c3c9f5c2b8e-000000",
        "source": source,
        "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/news.example",
        "sendingAccountId": "123456789012",
        "destination": ["mina@reader.example"],
        "headersTruncated": False,
        "headers": headers,
        "commonHeaders": {"from": ["News <news@news.example>"], "subject": "Today"},
    }


def ses_bounce(
    recipient: str,
    kind: str = "Permanent",
    subtype: str = "General",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 user unknown",
    *,
    by: str = "notificationType",
    **mail: str,
) -> dict[str, Any]:
    return {
        by: "Bounce",
        "bounce": {
            "feedbackId": f"0102018f-{kind}-{subtype}-{recipient}",
            "bounceType": kind,
            "bounceSubType": subtype,
            "bouncedRecipients": [
                {
                    "emailAddress": recipient,
                    "action": "failed",
                    "status": status,
                    "diagnosticCode": diagnostic,
                }
            ],
            "timestamp": "2026-03-10T12:00:00.000Z",
            "remoteMtaIp": "192.0.2.7",
            "reportingMTA": "dns; a4-9.smtp-out.eu-west-1.amazonses.com",
        },
        "mail": ses_mail(**mail),
    }


def ses_complaint(recipient: str, feedback: str = "abuse", **mail: str) -> dict[str, Any]:
    return {
        "eventType": "Complaint",
        "complaint": {
            "feedbackId": f"0102018f-complaint-{recipient}",
            "complaintSubType": None,
            "complainedRecipients": [{"emailAddress": recipient}],
            "timestamp": "2026-03-10T12:00:00.000Z",
            "userAgent": "Yahoo!-Mail-Feedback/2.0",
            "complaintFeedbackType": feedback,
            "arrivalDate": "2026-03-10T11:59:30.000Z",
        },
        "mail": ses_mail(**mail),
    }


def ses_delivery(**mail: str) -> dict[str, Any]:
    return {
        "eventType": "Delivery",
        "delivery": {
            "timestamp": "2026-03-10T12:00:00.000Z",
            "processingTimeMillis": 546,
            "recipients": ["mina@reader.example"],
            "smtpResponse": "250 ok",
            "reportingMTA": "a8-70.smtp-out.amazonses.com",
        },
        "mail": ses_mail(**mail),
    }


def postmark(record: str = "Bounce", kind: str = "HardBounce", **changes: Any) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "RecordType": record,
        "ID": 4323372036854775807,
        "Type": kind,
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Tag": "",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Metadata": {},
        "ServerID": 23,
        "MessageStream": "broadcast",
        "Description": "The server was unable to deliver your message.",
        "Details": "smtp;550 5.1.1 The email account does not exist",
        "Email": "mina@reader.example",
        "From": "news@news.example",
        "BouncedAt": "2026-03-10T12:00:00Z",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Today",
    }
    return shape | changes


def postmark_change(reason: str, origin: str = "Recipient", **changes: Any) -> dict[str, Any]:
    shape = {
        "RecordType": "SubscriptionChange",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "ServerID": 23,
        "MessageStream": "broadcast",
        "ChangedAt": "2026-03-10T12:00:00Z",
        "Recipient": "mina@reader.example",
        "Origin": origin,
        "SuppressSending": True,
        "SuppressionReason": reason,
        "Tag": "",
        "Metadata": {},
    }
    return shape | changes


def sendgrid(event: str = "bounce", /, **changes: Any) -> dict[str, Any]:
    shape = {
        "email": "mina@reader.example",
        "timestamp": int(NOON.timestamp()),
        "smtp-id": "<someone@elsewhere.example>",
        "event": event,
        "sg_event_id": "bm90aGluZw-1",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
    }
    if event == "bounce":
        shape |= {
            "type": "bounce",
            "status": "5.1.1",
            "reason": "550 5.1.1 The email account that you tried to reach does not exist",
            "bounce_classification": "Invalid Address",
        }
    return shape | changes


def mailgun(event: str = "failed", /, **changes: Any) -> dict[str, Any]:
    shape = {
        "event": event,
        "id": "CPgfbmQMTCKtHW6uIWtuVe",
        "timestamp": NOON.timestamp(),
        "log-level": "error",
        "recipient": "mina@reader.example",
        "recipient-domain": "reader.example",
        "tags": [],
        "campaigns": [],
        "user-variables": {},
        "flags": {"is-test-mode": False, "is-authenticated": True},
        "envelope": {"sender": "news@news.example", "transport": "smtp"},
        "message": {
            "headers": {"message-id": "someone@elsewhere.example", "subject": "Today"},
            "size": 111,
        },
    }
    if event == "failed":
        shape |= {
            "severity": "permanent",
            "reason": "bounce",
            "delivery-status": {
                "attempt-no": 1,
                "code": 550,
                "enhanced-code": "5.1.1",
                "message": "5.1.1 The email account that you tried to reach does not exist",
                "description": "",
            },
        }
    return shape | changes
