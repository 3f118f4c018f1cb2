"""What the notices of mail services say, in the shapes the services document."""

from typing import Any

import pytest

from mailer.bounces.notices.documents import MOST_DEPTH, message_id, read_json
from mailer.bounces.notices.mailgun import read_mailgun
from mailer.bounces.notices.postmark import read_postmark
from mailer.bounces.notices.sendgrid import read_sendgrid
from mailer.bounces.notices.ses import certificate_url, confirm_url, read_ses
from mailer.core.bounces import BounceKind
from mailer.core.hooks import Notices
from tests.bounces import services, shapes
from tests.bounces.service_shapes import (
    mailgun,
    postmark,
    postmark_change,
    sendgrid,
    ses_bounce,
    ses_complaint,
    ses_delivery,
    ses_mail,
)
from tests.bounces.services import Amazon

_K = BounceKind
HER = "mina@reader.example"
OURS = "<d1.abc@news.example>"


@pytest.fixture(scope="module")
def amazon() -> Amazon:
    return Amazon()


def kinds(told: Notices) -> list[BounceKind]:
    return [report.finding.kind for report in told.reports]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (ses_bounce(HER), _K.HARD),
        (ses_bounce(HER, by="eventType"), _K.HARD),
        (ses_bounce(HER, subtype="NoEmail", status="", diagnostic=""), _K.HARD),
        (ses_bounce(HER, subtype="OnAccountSuppressionList", status=""), _K.HARD),
        (ses_bounce(HER, status="5.7.1", diagnostic="550 5.7.1 blocked as spam"), _K.POLICY),
        (ses_bounce(HER, "Transient", "MailboxFull", "5.2.2", "mailbox full"), _K.SOFT),
        (ses_bounce(HER, "Transient", "ContentRejected", "5.6.1"), _K.POLICY),
        (ses_bounce(HER, "Undetermined", "Undetermined", "", ""), _K.SOFT),
        (ses_complaint(HER), _K.COMPLAINT),
        (ses_complaint(HER, "not-spam"), _K.ORDINARY),
        (
            {
                "eventType": "DeliveryDelay",
                "deliveryDelay": {
                    "delayType": "TransientCommunicationFailure",
                    "delayedRecipients": [{"emailAddress": HER, "status": "4.4.1"}],
                },
                "mail": ses_mail(),
            },
            _K.DELAYED,
        ),
        (
            {
                "eventType": "Subscription",
                "subscription": {
                    "contactList": "readers",
                    "newTopicPreferences": {"unsubscribeAll": True},
                },
                "mail": ses_mail(),
            },
            _K.UNSUBSCRIBE,
        ),
        ({"eventType": "Reject", "reject": {"reason": "Bad content"}, "mail": {}}, None),
        ({"eventType": "Open", "open": {}, "mail": ses_mail()}, None),
        ("no document", None),
    ],
)
def test_what_ses_says(amazon: Amazon, message: object, kind: BounceKind | None) -> None:
    told = read_ses(amazon.envelope(message))
    assert kinds(told) == ([] if kind is None else [kind])
    assert told.ignored_count == (1 if kind is None else 0)


def test_ses_names_our_mail_by_its_header_and_its_envelope(amazon: Amazon) -> None:
    sealed = "bounces+12.abcdefghijklmnop@news.example"
    told = read_ses(amazon.envelope(ses_bounce(HER, message_id=OURS, source=sealed)))
    (report,) = told.reports
    assert (report.message_ids, report.addresses) == ((OURS,), (sealed,))
    assert report.finding.recipient == HER
    # SES's own id is not ours, though it looks like one.
    assert "0102018f" not in "".join(report.message_ids)
    arrived = read_ses(amazon.envelope(ses_delivery(message_id=OURS))).arrivals
    assert [each.message_ids for each in arrived] == [(OURS,)]


def test_each_recipient_of_one_event_is_a_report_of_its_own(amazon: Amazon) -> None:
    message = ses_bounce(HER)
    message["bounce"]["bouncedRecipients"] *= 2
    message["bounce"]["bouncedRecipients"][1] = {"emailAddress": "other@reader.example"}
    told = read_ses(amazon.envelope(message))
    assert len({report.evidence for report in told.reports}) == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-ab12.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-ab12.pem",
        "https://evil.example/SimpleNotificationService-ab12.pem",
        "https://evil.example/?https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-ab12.pem",
        "https://sns.eu-west-1.amazonaws.com:444/SimpleNotificationService-ab12.pem",
        "https://sns.eu-west-1.amazonaws.com/?Action=GetTopic&x=SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-ab12.pem",
        "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-ab12.pem",
        "https://sns.evil.example.amazonaws.com/SimpleNotificationService-ab12.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-ab12.pem\n",
    ],
)
def test_a_certificate_comes_from_amazon_only(url: str) -> None:
    assert certificate_url({"SigningCertURL": url}) == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1",
        "https://sns.eu-west-1.amazonaws.com.evil.example/?Action=ConfirmSubscription&Token=1",
        "https://evil.example/?Action=ConfirmSubscription&Token=1",
        "https://sns.eu-west-1.amazonaws.com@evil.example/?Action=ConfirmSubscription&Token=1",
        "https://sns.eu-west-1.amazonaws.com:444/?Action=ConfirmSubscription&Token=1",
        "https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&Token=1",
        "https://169.254.169.254/?Action=ConfirmSubscription&Token=1",
    ],
)
def test_a_subscription_is_confirmed_at_amazon_only(url: str) -> None:
    assert confirm_url({"SubscribeURL": url}) == ""


def test_amazons_own_addresses_are_taken() -> None:
    assert certificate_url({"SigningCertURL": services.CERTIFICATE_URL})
    assert confirm_url({"SubscribeURL": services.CONFIRM_URL})
    china = services.CERTIFICATE_URL.replace(
        "eu-west-1.amazonaws.com", "cn-north-1.amazonaws.com.cn"
    )
    assert certificate_url({"SigningCertURL": china})


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (postmark(), _K.HARD),
        (postmark(kind="BadEmailAddress"), _K.HARD),
        (postmark(kind="SoftBounce"), _K.SOFT),
        (postmark(kind="DnsError"), _K.SOFT),
        (postmark(kind="SpamNotification"), _K.POLICY),
        (postmark(kind="Blocked"), _K.POLICY),
        (postmark(kind="AutoResponder"), _K.AUTO_REPLY),
        (postmark(kind="ManuallyDeactivated"), _K.ORDINARY),
        (postmark(kind="Unknown", Details="550 5.1.1 no such user"), _K.HARD),
        (postmark(kind="Unknown", Details=""), _K.SOFT),
        (postmark("SpamComplaint", "SpamComplaint"), _K.COMPLAINT),
        (postmark_change("ManualSuppression"), _K.UNSUBSCRIBE),
        (postmark_change("HardBounce"), _K.HARD),
        (postmark_change("SpamComplaint"), _K.COMPLAINT),
        (postmark_change("ManualSuppression", "Admin"), None),
        (postmark_change("ManualSuppression", SuppressSending=False), None),
        ({"RecordType": "Open"}, None),
        (["no", "document"], None),
    ],
)
def test_what_postmark_says(document: object, kind: BounceKind | None) -> None:
    told = read_postmark(document)
    assert kinds(told) == ([] if kind is None else [kind])
    assert told.ignored_count == (1 if kind is None else 0)


def test_postmark_names_our_mail_by_metadata_and_by_the_bounce_it_sends_along() -> None:
    sealed = "m+12.abcdefghijklmnop@mark.invalid"
    told = read_postmark(postmark(Metadata={"delivery": sealed, "odd": None}))
    assert told.reports[0].addresses == (sealed,)
    told = read_postmark(postmark(Content=shapes.qmail().decode()))
    assert told.reports[0].message_ids == (shapes.MESSAGE_ID,)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (sendgrid(), _K.HARD),
        (sendgrid(type="blocked", bounce_classification="Unclassified"), _K.SOFT),
        (sendgrid(bounce_classification="Reputation"), _K.POLICY),
        (sendgrid(bounce_classification="Content", status="5.1.1"), _K.POLICY),
        (
            sendgrid(status="5.2.2", reason="552 mailbox full", bounce_classification="Technical"),
            _K.SOFT,
        ),
        (sendgrid("deferred", response="451 try again"), _K.DELAYED),
        (sendgrid("dropped", reason="Bounced Address"), _K.HARD),
        (sendgrid("dropped", reason="Spam Reporting Address"), _K.COMPLAINT),
        (sendgrid("dropped", reason="Unsubscribed Address"), _K.UNSUBSCRIBE),
        (sendgrid("dropped", reason="Spam Content (if spam checker app enabled)"), _K.POLICY),
        (sendgrid("spamreport"), _K.COMPLAINT),
        (sendgrid("unsubscribe"), _K.UNSUBSCRIBE),
        (sendgrid("group_unsubscribe", asm_group_id=10), _K.UNSUBSCRIBE),
        (sendgrid("group_resubscribe", asm_group_id=10), None),
        (sendgrid("open"), None),
        (sendgrid(sg_event_id=""), None),
        ("no event", None),
    ],
)
def test_what_sendgrid_says(event: Any, kind: BounceKind | None) -> None:
    told = read_sendgrid([event, sendgrid("delivered", **{"smtp-id": OURS})])
    assert kinds(told) == ([] if kind is None else [kind])
    assert told.ignored_count == (1 if kind is None else 0)
    assert [each.message_ids for each in told.arrivals] == [(OURS,)]


def test_sendgrid_names_our_mail_by_its_message_id_and_argument() -> None:
    told = read_sendgrid([sendgrid(**{"smtp-id": OURS, "delivery": "m+1.abc@x.invalid"})])
    assert told.reports[0].message_ids == (OURS,)
    assert told.reports[0].addresses == ("m+1.abc@x.invalid",)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (mailgun(), _K.HARD),
        (mailgun(reason="suppress-bounce"), _K.HARD),
        (mailgun(reason="suppress-complaint"), _K.COMPLAINT),
        (mailgun(reason="suppress-unsubscribe"), _K.UNSUBSCRIBE),
        (mailgun(severity="temporary"), _K.DELAYED),
        (
            mailgun(**{"delivery-status": {"code": 550, "message": "5.7.1 blocked as spam"}}),
            _K.POLICY,
        ),
        (mailgun(**{"delivery-status": {"code": 552, "message": "mailbox full"}}), _K.SOFT),
        (mailgun(**{"delivery-status": "odd"}), _K.SOFT),
        (mailgun("rejected"), _K.POLICY),
        (mailgun("complained"), _K.COMPLAINT),
        (mailgun("unsubscribed"), _K.UNSUBSCRIBE),
        (mailgun("opened"), None),
        (mailgun(id=""), None),
        (7, None),
    ],
)
def test_what_mailgun_says(event: object, kind: BounceKind | None) -> None:
    told = read_mailgun({"signature": {"token": "t"}, "event-data": event})
    assert kinds(told) == ([] if kind is None else [kind])
    assert told.ignored_count == (1 if kind is None else 0)
    assert told.token == "t"


def test_mailgun_names_our_mail_by_its_message_id_without_brackets() -> None:
    headers = {"message": {"headers": {"message-id": OURS.strip("<>")}}}
    told = read_mailgun({"event-data": mailgun(**headers)})
    assert told.reports[0].message_ids == (OURS,)


def test_what_nests_too_deeply_is_not_read() -> None:
    assert read_json(b"[" * MOST_DEPTH + b"]" * MOST_DEPTH) is not None
    assert read_json(b"[" * (MOST_DEPTH + 1) + b"]" * (MOST_DEPTH + 1)) is None
    assert read_json(b"[" * 1_000_000) is None
    assert read_json(b'{"a":' * 200_000) is None
    # Brackets within a string nest nothing.
    assert read_json(b'["' + b"[" * 99 + b'\\"["]') == ["[" * 99 + '"[']


@pytest.mark.parametrize("body", [b"", b"\xff", b"[NaN]", b"{", b"1" * 5000, b"\x00"])
def test_what_is_no_document_is_none(body: bytes) -> None:
    assert read_json(body) is None


def test_odd_values_are_cleaned_before_they_reach_the_store() -> None:
    told = read_sendgrid([sendgrid(reason="x\x00\ud800\n\u202ey", email=["not a text"])])
    assert told.reports[0].finding.diagnostic == "x y"
    assert told.reports[0].finding.recipient == ""
    assert message_id("two words@x") == ()
    assert message_id("<a@b>") == ("<a@b>",)
