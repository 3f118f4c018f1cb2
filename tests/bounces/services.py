"""Mail services as they call hooks: the keys they sign with, made here, and signed calls."""

import hmac
import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from mailer.core.hooks import HookCall, HookSecrets, Provider
from tests.builders import NOON

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
CERTIFICATE_URL = (
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-"
    "0123456789abcdef0123456789abcdef.pem"
)
CONFIRM_URL = (
    "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
    f"&TopicArn={TOPIC}&Token=2336412f37fb687f5d51e6e2425c464cefc1"
)
PASSWORD = "hooks:k9-2b41"
MAILGUN_KEY = "key-3ax6xnjp29jd6fds4gc373sgvjxteol0"


@dataclass
class Amazon:
    """SNS with a key of its own."""

    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )

    def certificate(self, days: int = 30) -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        begins = NOON - timedelta(days=10)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=days))
            .sign(self.key, hashes.SHA256())
        )
        return built.public_bytes(serialization.Encoding.PEM).decode()

    def envelope(
        self, message: object, *, version: str = "1", at: datetime = NOON, **changes: Any
    ) -> dict[str, Any]:
        """A notification, signed after the changes."""
        told = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Subject": "Amazon SES Email Event Notification",
            "Message": message if isinstance(message, str) else json.dumps(message),
            "Timestamp": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
            "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        } | changes
        told = {name: value for name, value in told.items() if value is not None}
        return told | {"Signature": self._sign(told, version)}

    def confirmation(self, url: str = CONFIRM_URL, **changes: Any) -> dict[str, Any]:
        return self.envelope(
            f"You have chosen to subscribe to the topic {TOPIC}.",
            **{
                "Type": "SubscriptionConfirmation",
                "Token": "2336412f37fb687f5d51e6e2425c464cefc1",
                "SubscribeURL": url,
                "Subject": None,
            }
            | changes,
        )

    def _sign(self, told: dict[str, Any], version: str) -> str:
        # Written from SNS's documentation, not from the code under test.
        if told["Type"] == "Notification":
            names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
        else:
            names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn"]
            names.append("Type")
        text = "".join(f"{name}\n{told[name]}\n" for name in names if name in told)
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        return b64encode(self.key.sign(text.encode(), padding.PKCS1v15(), algorithm)).decode()


@dataclass
class Services:
    """All four, with keys of their own, and the calls they make."""

    amazon: Amazon = field(default_factory=Amazon)
    sendgrid_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def secrets(self) -> HookSecrets:
        return HookSecrets(
            ses_topics=(TOPIC,),
            ses_certificate=self.amazon.certificate(),
            postmark=(PASSWORD,),
            sendgrid_keys=(self.sendgrid_public,),
            mailgun_keys=(MAILGUN_KEY,),
        )

    @property
    def sendgrid_public(self) -> str:
        der = self.sendgrid_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return b64encode(der).decode()

    def ses(self, message: object, **changes: Any) -> HookCall:
        return call(Provider.SES, self.amazon.envelope(message, **changes))

    def postmark(self, document: object, password: str = PASSWORD) -> HookCall:
        basic = b64encode(password.encode()).decode()
        return call(Provider.POSTMARK, document, authorization=f"Basic {basic}")

    def sendgrid(self, document: object, at: datetime = NOON) -> HookCall:
        made = call(Provider.SENDGRID, document)
        timestamp = str(int(at.timestamp()))
        signature = self.sendgrid_key.sign(
            timestamp.encode() + made.body, ec.ECDSA(hashes.SHA256())
        )
        made.headers["x-twilio-email-event-webhook-signature"] = b64encode(signature).decode()
        made.headers["x-twilio-email-event-webhook-timestamp"] = timestamp
        return made

    def mailgun(
        self, event: object, *, token: str = "a" * 50, at: datetime = NOON, key: str = MAILGUN_KEY
    ) -> HookCall:
        timestamp = str(int(at.timestamp()))
        seal = hmac.digest(key.encode(), f"{timestamp}{token}".encode(), "sha256").hex()
        signature = {"timestamp": timestamp, "token": token, "signature": seal}
        return call(Provider.MAILGUN, {"signature": signature, "event-data": event})


def call(provider: Provider, document: object, **headers: str) -> HookCall:
    """A call nobody has signed."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return HookCall(provider, body, {"content-type": "application/json", **headers}, "192.0.2.9")
