"""The whole message of a letter, as it goes on the wire. The one owner of `email.message`.

Headers follow RFC 5322, 2369, 2919, 3834 and 8058, and what Gmail, Yahoo and Microsoft ask of bulk
senders. Nothing is random and no clock is read: equal letters give equal bytes (I6).
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from mailer.core.addresses import Address, read_address
from mailer.core.hygiene import clean_header
from mailer.core.letters import Letter
from mailer.core.readers import Newsletter
from mailer.core.tokens import Signer
from mailer.errors import RenderError
from mailer.render.headers import mailbox, named, set_field, text_field
from mailer.render.links import Links, ascii_host, web_address
from mailer.render.pages import Mail
from mailer.render.site import Site
from mailer.render.wire import quoted_printable

_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?A-~]+>")

OWN_FIELDS: Final = frozenset(("To", "Subject", "Message-ID", "List-Unsubscribe"))


def build_message(letter: Letter, mail: Mail, site: Site, signer: Signer) -> bytes:
    """Return the message of a rendered letter: headers, text part, HTML part; lines end in CRLF.

    Raises InputError for an address that cannot be read and RenderError for what cannot be written.
    """
    recipient = read_address(letter.email)
    try:
        headers = list(header_fields(letter, mail.subject, site, signer, recipient))
        return assemble(letter.key, headers, mail, utf8=recipient.needs_smtputf8)
    except ValueError as error:
        raise RenderError(
            f"the headers of '{letter.key}' cannot be written: {error}: mend the newsletter's "
            "names and addresses, or MAILER_PUBLIC_URL"
        ) from error


def assemble(key: str, headers: Iterable[tuple[str, str]], mail: Mail, *, utf8: bool) -> bytes:
    """Return a message of these headers, folded already, and the parts of the mail.

    `key` names the delivery and so the boundary. Raises ValueError for a header that cannot be
    written.
    """
    message = EmailMessage(SMTP.clone(utf8=utf8))
    for name, value in headers:
        set_field(message, name, value)
    set_field(message, "MIME-Version", "1.0")
    if not mail.html:
        _fill(message, "plain", mail.text)
        return message.as_bytes()
    boundary = boundary_of(key)
    set_field(message, "Content-Type", f'multipart/alternative; boundary="{boundary}"')
    # Simplest first: a reader's program shows the last part it understands (RFC 2046, 5.1.4).
    for subtype, body in (("plain", mail.text), ("html", mail.html)):
        part = EmailMessage(message.policy)
        _fill(part, subtype, body)
        message.attach(part)
    return message.as_bytes()


def boundary_of(key: str) -> str:
    """Return what stands between the parts of a message; quoted-printable never has it."""
    return f"=_{sha256(key.encode()).hexdigest()[:32]}"


def list_id(newsletter: Newsletter, site: Site) -> str:
    """Return the stable name of a newsletter's list, without brackets (RFC 2919)."""
    return f"{_ascii_slug(newsletter)}.{host_of(site)}"


def header_fields(
    letter: Letter, subject: str, site: Site, signer: Signer, recipient: Address
) -> Iterator[tuple[str, str]]:
    """Yield the fields of a message but for those about its body, folded.

    Those in OWN_FIELDS are about the reader or the delivery; all others are the same in all
    messages of a newsletter, cadence and moment, and compiled messages take them as they are.
    """
    newsletter = letter.newsletter
    yield "From", mailbox("From", newsletter.sender_name, own_address(newsletter.sender_address))
    yield "To", mailbox("To", letter.name, recipient.wire)
    if newsletter.reply_to:
        yield "Reply-To", mailbox("Reply-To", "", own_address(newsletter.reply_to))
    yield "Subject", text_field("Subject", subject)
    yield "Date", format_datetime(letter.as_of.astimezone(UTC))
    yield "Message-ID", wire_message_id(letter.message_id)
    yield "List-Id", named("List-Id", newsletter.name, list_id(newsletter, site))
    yield "List-Unsubscribe", f"<{Links(site, signer).unsubscribe(letter)}>"
    yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
    yield "Feedback-ID", _feedback_id(letter, site)
    if letter.cadence.kind == "alert":
        yield "Auto-Submitted", "auto-generated"
    else:
        yield "Precedence", "bulk"


def _fill(part: EmailMessage, subtype: str, body: str) -> None:
    set_field(part, "Content-Type", f'text/{subtype}; charset="utf-8"')
    set_field(part, "Content-Transfer-Encoding", "quoted-printable")
    part.set_payload(quoted_printable(body).decode("ascii"))


def own_address(text: str) -> str:
    """Read an address of ours; servers without SMTPUTF8 must be able to take it."""
    address = read_address(text)
    if address.needs_smtputf8:
        raise ValueError(f"'{clean_header(text)}' has letters outside ASCII before its @")
    return address.wire


def host_of(site: Site) -> str:
    """Return the host of the site's pages; raises ValueError when there is none."""
    host = re.sub(r"^https?://|[:/].*$", "", web_address(site.public_url))
    if not host:
        raise ValueError(f"'{clean_header(site.public_url)}' is not a web address")
    return host


def _ascii_slug(newsletter: Newsletter) -> str:
    """Return the slug, or for one of another script what can stand in a header, always the same."""
    slug = newsletter.slug
    return slug if slug.isascii() else f"l{sha256(slug.encode()).hexdigest()[:16]}"


def wire_message_id(message_id: str) -> str:
    """Return a Message-ID with its host as DNS knows it; raises ValueError when it is none."""
    if _MESSAGE_ID.fullmatch(message_id):
        return message_id
    left, _, host = message_id.strip().removesuffix(">").rpartition("@")
    written = f"{left}@{ascii_host(host)}>"
    if not _MESSAGE_ID.fullmatch(written):
        raise ValueError(f"'{clean_header(message_id)}' is not a Message-ID")
    return written


def _feedback_id(letter: Letter, site: Site) -> str:
    """Name newsletter, cadence and sender for Gmail's complaint reports, never the reader.

    The sender is 5 to 15 letters and digits; no value may repeat in another field.
    Source: support.google.com/mail/answer/6254652.
    """
    sender = re.sub("[^a-z0-9]", "", host_of(site).lower())[-15:].rjust(5, "0")
    slug = _ascii_slug(letter.newsletter)
    return f"n-{slug}:c-{letter.cadence}:k-{letter.cadence.kind}:{sender}"
