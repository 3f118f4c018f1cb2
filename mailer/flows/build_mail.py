"""Build a mail: from a letter or a notice to what leaves."""

from dataclasses import dataclass

from mailer.core.letters import Letter
from mailer.core.notices import Notice
from mailer.core.tags import Vocabulary
from mailer.flows.desk import Desk
from mailer.render.mail import Mail
from mailer.render.message import build_message
from mailer.render.notice_message import build_notice, sender_of


@dataclass(frozen=True, slots=True)
class BuiltMail:
    """A mail as it is seen and as bytes, and the address it is from."""

    mail: Mail
    content: bytes
    sender: str


def build_mail(desk: Desk, paper: Letter | Notice, vocabulary: Vocabulary) -> BuiltMail:
    """Render a letter or notice and build its message; raises RenderError or InputError."""
    if isinstance(paper, Notice):
        mail = desk.renderer.render_notice(paper)
        content = build_notice(paper, mail, desk.site, desk.signer)
        return BuiltMail(mail, content, sender_of(paper.newsletter, desk.site).address)
    mail = desk.renderer.render(paper, vocabulary)
    content = build_message(paper, mail, desk.site, desk.signer)
    return BuiltMail(mail, content, paper.newsletter.sender_address)
