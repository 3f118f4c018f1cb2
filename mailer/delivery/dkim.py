"""DKIM: sign finished messages, relaxed/relaxed, with one key or several (RFC 6376, RFC 8463).

Equal bytes give equal signatures: RSA with PKCS #1 v1.5 and Ed25519 draw no random numbers, `t=` is
the message's own Date, and nothing expires. So a retry has the bytes of the first attempt.
Knows nothing of DNS: `mailer doctor` compares the keys with what stands there.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from hashlib import sha256

from mailer.core.hygiene import clean_header
from mailer.delivery.breakers import relays_of
from mailer.delivery.dkim_keys import DkimKey, read_dkim_domains, read_dkim_keys
from mailer.errors import BackendError
from mailer.ports import Backend, Message, Misconfigured, Outcome

# Named once more than they stand there: nobody may add a second one on the way (RFC 6376, 8.15).
_SEALED = (
    b"from",
    b"reply-to",
    b"to",
    b"cc",
    b"subject",
    b"date",
    b"message-id",
    b"mime-version",
    b"content-type",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
_SIGNED = (
    b"content-transfer-encoding",
    b"list-id",
    b"feedback-id",
    b"auto-submitted",
    b"precedence",
)
_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_SPACES = re.compile(rb"[ \t]+")
_LINE = 72


class UnsignableError(BackendError):
    """A message that no key of ours can sign so that DMARC holds; the text names the mend."""


class DkimSigner:
    """Signs messages whose From is aligned with one of `domains`, once with each key.

    The keys are published under each of the domains, by the same selectors.
    """

    def __init__(self, domains: Sequence[str], keys: Sequence[DkimKey]) -> None:
        self.domains = tuple(domains)
        self.keys = tuple(keys)

    @property
    def selectors(self) -> tuple[str, ...]:
        """The names its keys are published by."""
        return tuple(key.selector for key in self.keys)

    def sign(self, content: bytes) -> bytes:
        """Return the message with its signatures on top; raises UnsignableError.

        `content` has CRLF line ends throughout.
        """
        head, _, body = content.partition(b"\r\n\r\n")
        fields = _fields(head)
        domain = self._domain_for(fields)
        names, signed = _signed_fields(fields)
        stamp = _stamp(fields)
        body_hash = b64encode(sha256(_relaxed_body(body)).digest())
        signatures = []
        for key in self.keys:
            tags = (
                f"v=1; a={key.algorithm}; c=relaxed/relaxed; d={domain};\r\n"
                f"\ts={key.selector};{stamp}\r\n"
            ).encode()
            tags += _folded(b"\th=", names, b":") + b";\r\n\tbh=" + body_hash + b";\r\n\tb="
            to_sign = signed + _relaxed_field(b"DKIM-Signature", b" " + tags)
            value = _chunks(b64encode(key.sign(sha256(to_sign).digest())))
            signatures.append(b"DKIM-Signature: " + tags + value + b"\r\n")
        return b"".join(signatures) + content

    def domain_for(self, sender_domain: str) -> str | None:
        """Return the domain of ours that DMARC finds aligned with a From, or None.

        Relaxed alignment asks for one organisational domain; we ask that one is below the other,
        which needs no list of public suffixes.
        """
        sender = sender_domain.lower().rstrip(".")
        aligned = [
            domain
            for domain in self.domains
            if sender == domain or sender.endswith(f".{domain}") or domain.endswith(f".{sender}")
        ]
        return max(aligned, key=lambda domain: (domain == sender, len(domain)), default=None)

    def _domain_for(self, fields: Sequence[tuple[bytes, bytes]]) -> str:
        values = [value for name, value in fields if name.lower() == b"from"]
        if len(values) != 1:
            raise UnsignableError(f"DKIM: the message has {len(values)} From fields instead of one")
        mailbox = b" ".join(values[0].split()).decode("utf-8", "replace")
        address = mailbox.rpartition("<")[2].removesuffix(">") if "<" in mailbox else mailbox
        sender_domain = address.rpartition("@")[2].strip()
        domain = self.domain_for(sender_domain)
        if domain is None:
            raise UnsignableError(
                f"DKIM: From is of '{clean_header(sender_domain, 80)}', which MAILER_DKIM_DOMAIN "
                f"({', '.join(self.domains)}) does not cover: DMARC would fail. Add the domain "
                "there and its key to DNS, or change the newsletter's sender"
            )
        return domain


def read_dkim_signer(domains: str, selectors: str, pem: str) -> DkimSigner | None:
    r"""Read the three settings; None when all are empty. Raises BackendError with the mend.

    Several domains and selectors stand with commas between, keys one below the other, in the order
    of the selectors. Line ends may be written `\n`, as `.env` files have them.
    """
    if not (domains.strip() or selectors.strip() or pem.strip()):
        return None
    keys = read_dkim_keys(selectors, pem)
    read_domains = read_dkim_domains(domains)
    if not (read_domains and keys):
        raise BackendError(
            "DKIM needs MAILER_DKIM_DOMAIN, MAILER_DKIM_SELECTOR and MAILER_DKIM_KEY together, the "
            "key as PEM text (or MAILER_DKIM_KEY_FILE with its path): 'mailer dkim new' makes one"
        )
    return DkimSigner(read_domains, keys)


class SigningBackend:
    """Signs what it hands on to another backend, whichever that is.

    What cannot be signed is not sent: mail that fails DMARC harms the mail that does not.
    """

    def __init__(self, inner: Backend, signer: DkimSigner) -> None:
        self._inner = inner
        self._signer = signer
        self.name = inner.name
        self.relays = relays_of(inner)

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """Send in order."""
        unsignable: dict[int, Outcome] = {}
        signed = []
        for position, message in enumerate(messages):
            try:
                content = self._signer.sign(message.content)
            except UnsignableError as error:
                unsignable[position] = Misconfigured(0, str(error))
            else:
                signed.append(with_content(message, content))
        outcomes = self._inner.send(signed)
        for position in range(len(messages)):
            outcome = unsignable.get(position) or next(outcomes, None)
            if outcome is None:
                return
            yield outcome

    def close(self) -> None:
        """Close the backend behind."""
        self._inner.close()


def with_content(message: Message, content: bytes) -> Message:
    """Return the same message with other bytes; `dataclasses.replace` takes four times as long."""
    return Message(
        message.delivery_id,
        message.sender,
        message.recipient,
        message.message_id,
        content,
        message.needs_smtputf8,
    )


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Return name and value of each header field, in order, as they stand."""
    pairs = (line.partition(b":") for line in _FIELD_END.split(head) if line)
    return [(name, value) for name, _, value in pairs]


def _signed_fields(fields: Sequence[tuple[bytes, bytes]]) -> tuple[list[bytes], bytes]:
    """Return the names for `h=`, and the signed fields relaxed, in the same order."""
    by_name: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        by_name.setdefault(name.strip().lower(), []).append(value)
    names: list[bytes] = []
    signed: list[bytes] = []
    for name in (*_SEALED, *_SIGNED):
        values = by_name.get(name, [])
        names += [name] * (len(values) + (name in _SEALED))
        # RFC 6376 section 5.4.2: several of one name are signed from the last one up.
        signed += [_relaxed_field(name, value) + b"\r\n" for value in reversed(values)]
    return names, b"".join(signed)


def _relaxed_field(name: bytes, value: bytes) -> bytes:
    """Return a field as RFC 6376 section 3.4.2 has it, without its line end."""
    unfolded = _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.lower() + b":" + unfolded


def _relaxed_body(body: bytes) -> bytes:
    """Return a body as RFC 6376 section 3.4.4 has it."""
    if not body:
        return b""
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    # Each round halves the longest run; a pattern that looks for runs takes five times as long.
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    body = body.replace(b" \r\n", b"\r\n")
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n" if end else b""


def _stamp(fields: Sequence[tuple[bytes, bytes]]) -> str:
    """Return the `t=` tag of a message that has a Date."""
    for name, value in fields:
        if name.lower() == b"date":
            try:
                moment = parsedate_to_datetime(value.decode("ascii").strip())
            except (UnicodeDecodeError, ValueError):
                return ""
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return f" t={int(moment.timestamp())};" if moment.timestamp() >= 0 else ""
    return ""


def _folded(start: bytes, words: Sequence[bytes], separator: bytes) -> bytes:
    """Join words, folded where a line would be too long."""
    lines = [start]
    for position, word in enumerate(words):
        piece = word + (separator if position < len(words) - 1 else b"")
        if len(lines[-1]) + len(piece) > _LINE:
            lines.append(b"\t")
        lines[-1] += piece
    return b"\r\n".join(lines)


def _chunks(text: bytes) -> bytes:
    return b"\r\n\t".join(text[start : start + _LINE] for start in range(0, len(text), _LINE))
