"""Whether two messages say the same: equal headers, equal text, equal HTML document (I7)."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8

from lxml import etree, html

from mailer.render.pages import Mail


def difference(one: bytes, other: bytes) -> str:
    """Return in what two messages differ, empty when they say the same."""
    first, second = _read(one), _read(other)
    for ours, theirs in zip(first.raw_items(), second.raw_items(), strict=False):
        if ours != theirs:
            return f"the header {theirs[0]}"
    if len(first.keys()) != len(second.keys()):
        return "the number of headers"
    parts, wanted_parts = list(first.walk()), list(second.walk())
    if [part.get_content_type() for part in parts] != [
        part.get_content_type() for part in wanted_parts
    ]:
        return "the parts"
    for part, same in zip(parts, wanted_parts, strict=True):
        if part.is_multipart():
            continue
        text, wanted = _text(part), _text(same)
        if part.get_content_subtype() == "html":
            text, wanted = _document(text), _document(wanted)
        if text != wanted:
            at = next(
                (n for n, (a, b) in enumerate(zip(text, wanted, strict=False)) if a != b),
                min(len(text), len(wanted)),
            )
            shown = (
                f"'{text[max(at - 30, 0) : at + 30]}', not '{wanted[max(at - 30, 0) : at + 30]}'"
            )
            return f"the {part.get_content_subtype()} part: {shown}"
    return ""


def read_mail(content: bytes) -> Mail:
    """Return what a reader sees of a message of ours."""
    message = _read(content)
    texts = {part.get_content_subtype(): _text(part) for part in message.walk()}
    page = texts.get("html", "")
    hidden = page and document_of(page).xpath("string(//div[@aria-hidden='true'][1])")
    preheader = str(hidden).rstrip("\u034f\u200c\xa0 ")
    text = texts.get("plain", "").replace("\r\n", "\n")
    return Mail(str(message["Subject"]), preheader, text, page.replace("\r\n", "\n").rstrip("\n"))


def document_of(page: str) -> html.HtmlElement:
    """Return a page as a document."""
    # As bytes: lxml would take a text with an encoding inside for a mistake.
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    return html.document_fromstring(page.encode(), parser=parser)


def _read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=SMTPUTF8)
    if not isinstance(message, EmailMessage):
        raise TypeError("the policy makes messages of this kind")
    return message


def _kind(part: EmailMessage) -> str:
    return part.get_content_type()


def _text(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode() if isinstance(payload, bytes) else ""


def _document(page: str) -> str:
    return etree.tostring(document_of(page), method="c14n2").decode()
