"""The whole message of a notice: who it is from, and the headers that tell it from a digest.

A notice was asked for or must be known, so it carries no List-* field, except those that belong to
a subscription: RFC 8058 and the rules of bulk mail hold for them as for its digests.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime

from mailer.core.addresses import Address, read_address
from mailer.core.notices import Notice
from mailer.core.readers import Newsletter
from mailer.core.tokens import Signer
from mailer.errors import InputError, RenderError
from mailer.render.headers import mailbox, named, text_field
from mailer.render.links import Links
from mailer.render.message import assemble, host_of, list_id, own_address, wire_message_id
from mailer.render.notice_views import is_listed
from mailer.render.pages import Mail
from mailer.render.site import Site


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a mail is from; `reply_to` may be empty."""

    name: str
    address: str
    reply_to: str


def sender_of(newsletter: Newsletter | None, site: Site) -> Sender:
    """Return the newsletter's sender, or the site's own when there is no newsletter."""
    if newsletter is not None:
        return Sender(newsletter.sender_name, newsletter.sender_address, newsletter.reply_to)
    return Sender(site.name, site.sender_address or _usual_address(site), "")


def _usual_address(site: Site) -> str:
    """Return "newsroom" at the site's host; on a machine of one's own that is no mail domain."""
    try:
        return read_address(f"newsroom@{host_of(site)}").wire
    except InputError:
        return "newsroom@localhost.localdomain"


def build_notice(notice: Notice, mail: Mail, site: Site, signer: Signer) -> bytes:
    """Return the message of a rendered notice, as `build_message` does that of a letter."""
    recipient = read_address(notice.email)
    try:
        headers = list(_headers(notice, mail, site, signer, recipient))
        return assemble(notice.key, headers, mail, utf8=recipient.needs_smtputf8)
    except ValueError as error:
        raise RenderError(
            f"the headers of '{notice.key}' cannot be written: {error}: mend the sender's names "
            "and addresses, or MAILER_PUBLIC_URL"
        ) from error


def _headers(
    notice: Notice, mail: Mail, site: Site, signer: Signer, recipient: Address
) -> Iterator[tuple[str, str]]:
    sender = sender_of(notice.newsletter, site)
    yield "From", mailbox("From", sender.name, own_address(sender.address))
    yield "To", mailbox("To", notice.name, recipient.wire)
    if sender.reply_to:
        yield "Reply-To", mailbox("Reply-To", "", own_address(sender.reply_to))
    yield "Subject", text_field("Subject", mail.subject)
    yield "Date", format_datetime(notice.as_of.astimezone(UTC))
    yield "Message-ID", wire_message_id(notice.message_id)
    if notice.thread:
        above = [wire_message_id(one) for one in notice.thread]
        yield "In-Reply-To", above[-1]
        # Each is at most 998 long by itself, all of them need not be: one a line.
        yield "References", "\r\n ".join(above)
    if is_listed(notice) and notice.newsletter is not None:
        newsletter = notice.newsletter
        yield "List-Id", named("List-Id", newsletter.name, list_id(newsletter, site))
        unsubscribe = Links(site, signer).unsubscribe_from(notice.subscription_id)
        yield "List-Unsubscribe", f"<{unsubscribe}>"
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
    if notice.written is not None:
        # Somebody wrote it, to many: an answer is welcome, a vacation note is not.
        yield "Precedence", "bulk"
        return
    # RFC 3834 section 5: no vacation note may come back.
    yield "Auto-Submitted", "auto-generated"
