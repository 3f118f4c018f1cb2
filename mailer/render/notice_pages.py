"""The three templates of a notice, and the proof that nothing of it was lost."""

from mailer.core.hygiene import clean_header
from mailer.core.notices import Notice
from mailer.core.readers import MailFormat
from mailer.errors import RenderError
from mailer.render.environment import Templates, compact, tidy
from mailer.render.inline import inline
from mailer.render.notice_views import NoticeView
from mailer.render.pages import Mail
from mailer.render.sentinels import Sentinels
from mailer.render.speech import speech_of


def draw_notice(templates: Templates, notice: Notice, view: NoticeView) -> Mail:
    """Return subject, text and HTML; raises RenderError naming what a template lost."""
    subject = clean_header(_render(templates, notice, "subject.txt", view))
    if not subject:
        raise RenderError(f"template '{notice.occasion}/subject.txt' gives no subject: write one")
    text = tidy(_render(templates, notice, "body.txt", view))
    wanted = {url: f"the link '{name}'" for name, url in view.links.items()}
    wanted.update((line, "the postal address") for line in view.address_lines)
    if view.unsubscribe_url:
        wanted[view.unsubscribe_url] = "the unsubscribe link"
    if lost := [part for needle, part in wanted.items() if needle not in text]:
        raise RenderError(
            f"template '{notice.occasion}/body.txt' lost {lost[0]}: show it unwrapped"
        )
    html = ""
    if notice.format is MailFormat.HTML:
        name = f"{notice.occasion}/body.html"
        sentinels = Sentinels()
        page = _render(templates, notice, "body.html", sentinels.mark_notice(view))
        html = sentinels.close(compact(page), name)
        html = sentinels.check(inline(html, name), name)
    return Mail(subject=subject, preheader="", text=text, html=html)


def _render(templates: Templates, notice: Notice, part: str, view: NoticeView) -> str:
    return templates.render(f"{notice.occasion}/{part}", speech_of(notice.locale), mail=view)
