"""The three templates of a mail, and what is done to what they give."""

from dataclasses import dataclass
from pathlib import Path

from mailer.core.hygiene import clean_header
from mailer.core.letters import Letter
from mailer.core.readers import Cadence, Newsletter
from mailer.errors import RenderError
from mailer.render.cutting import CuttingEnvironment
from mailer.render.environment import Templates, compact, equipped, packaged_templates, tidy
from mailer.render.inline import inline
from mailer.render.sentinels import Sentinels
from mailer.render.speech import Speech, speech_of
from mailer.render.views import MailView

_ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Mail:
    """What a reader sees of a letter; `html` is empty when she wants text alone."""

    subject: str
    preheader: str
    text: str
    html: str


def template_of(newsletter: Newsletter, cadence: Cadence) -> str:
    """Return the folder of templates: all alerts look alike, digests as the newsletter says."""
    return _ALERT if cadence.kind == _ALERT else newsletter.template


class Pages:
    """Subject, text and HTML of views. `overrides` may replace any packaged template."""

    def __init__(self, overrides: Path | None = None) -> None:
        own = packaged_templates() / "email"
        self.templates = Templates((overrides / "email", own) if overrides else (own,))

    def cutting(self, speech: Speech) -> CuttingEnvironment:
        """Return the template language for one compile."""
        environment = equipped(CuttingEnvironment, self.templates.folders, speech)
        environment.take_care()
        return environment

    def subject(self, letter: Letter, view: MailView) -> str:
        """Return the subject in one line."""
        subject = clean_header(self._render(letter, "subject.txt", view))
        if not subject:
            folder = template_of(letter.newsletter, letter.cadence)
            raise RenderError(f"template '{folder}/subject.txt' gives no subject: write one")
        return subject

    def text(self, letter: Letter, view: MailView) -> str:
        """Return the text part; raises RenderError when it lost what every mail must have."""
        text = tidy(self._render(letter, "body.txt", view))
        wanted = {item.url: f"a link to '{item.title}'" for item in view.items}
        wanted[view.unsubscribe_url] = "the unsubscribe link"
        wanted.update((line, "the postal address") for line in view.address_lines)
        if lost := [part for needle, part in wanted.items() if needle not in text]:
            folder = template_of(letter.newsletter, letter.cadence)
            raise RenderError(f"template '{folder}/body.txt' lost {lost[0]}: show it unwrapped")
        return text

    def html(self, letter: Letter, view: MailView) -> str:
        """Return the HTML part, inlined; raises RenderError as `text` does."""
        name = f"{template_of(letter.newsletter, letter.cadence)}/body.html"
        sentinels = Sentinels()
        page = self._render(letter, "body.html", sentinels.mark(view))
        html = sentinels.close(compact(page), name)
        return sentinels.check(inline(html, name), name)

    def _render(self, letter: Letter, part: str, view: MailView) -> str:
        name = f"{template_of(letter.newsletter, letter.cadence)}/{part}"
        return self.templates.render(name, speech_of(letter.locale), mail=view)
