"""The renderer: from a letter to subject, text and HTML, by the plain path.

The plain path renders the whole template for one reader and inlines it. It is slow, some
milliseconds a mail, and it is the measure of what a mail must look like.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mailer.core.digests import Weights
from mailer.core.letters import Letter
from mailer.core.notices import Notice
from mailer.core.readers import Cadence, MailFormat, Newsletter
from mailer.core.stories import Story
from mailer.core.tags import Vocabulary
from mailer.core.tokens import Signer
from mailer.render.letter_views import view_letter
from mailer.render.links import Links
from mailer.render.message import build_message
from mailer.render.notice_pages import draw_notice
from mailer.render.notice_views import view_notice
from mailer.render.pages import Mail, Pages, template_of
from mailer.render.printing import Printing, Printings
from mailer.render.samples import VOCABULARY, sample_letter
from mailer.render.site import Site
from mailer.render.speech import is_spoken
from mailer.render.stamps import Stamps
from mailer.render.weights import Scales

__all__ = ["Mail", "Renderer"]


class Renderer:
    """Draws letters of one site. `overrides` is a folder whose files replace packaged templates.

    `max_mail_bytes` is what `weigh` gives as the limit of a whole message.
    """

    def __init__(
        self, site: Site, signer: Signer, *, overrides: Path | None = None, max_mail_bytes: int
    ) -> None:
        self._site = site
        self._signer = signer
        self._links = Links(site, signer)
        self._pages = Pages(overrides)
        self.printings = Printings()
        self._stamps = Stamps(self._pages.templates)
        self.max_mail_bytes = max_mail_bytes
        self._scales = Scales(self._pages, site, signer, max_mail_bytes)

    def render(self, letter: Letter, vocabulary: Vocabulary) -> Mail:
        """Return what this reader sees.

        Raises RenderError when a template is broken, or when a story, the unsubscribe link or the
        postal address did not make it into the mail.
        """
        view = view_letter(letter, self._site, self._links, vocabulary)
        return Mail(
            subject=self._pages.subject(letter, view),
            preheader=view.preheader,
            text=self._pages.text(letter, view),
            html=self._pages.html(letter, view) if letter.format is MailFormat.HTML else "",
        )

    def render_notice(self, notice: Notice) -> Mail:
        """Return what the recipient of a notice sees; raises RenderError as `render` does."""
        view = view_notice(notice, self._site, self._links)
        if notice.written is not None:
            return self._stamps.draw(notice, view)
        return draw_notice(self._pages.templates, notice, view)

    def content(self, letter: Letter, vocabulary: Vocabulary) -> bytes:
        """Return the whole message, made the plain way."""
        return build_message(letter, self.render(letter, vocabulary), self._site, self._signer)

    def printing(self, vocabulary: Vocabulary) -> Printing:
        """Return what makes many mails of one run, locale and format, each in microseconds."""
        return Printing(self._pages, self._site, self._signer, vocabulary, self.content)

    def check(self, newsletter: Newsletter, cadence: Cadence) -> None:
        """Draw made-up mails, with and without a name, in each language of a newsletter.

        Raises RenderError as `render` does.
        """
        sample = sample_letter(template_of(newsletter, cadence), format=MailFormat.HTML)
        for locale in filter(is_spoken, newsletter.locales):
            for name in (sample.name, ""):
                letter = replace(
                    sample, newsletter=newsletter, cadence=cadence, locale=locale, name=name
                )
                self.render(letter, VOCABULARY)

    def weigh(  # noqa: PLR0917 - in the order of a letter
        self,
        newsletter: Newsletter,
        cadence: Cadence,
        locale: str,
        format: MailFormat,
        stories: Sequence[Story],
        vocabulary: Vocabulary,
    ) -> Weights:
        """Return what the parts of such mails weigh at most, whoever the reader is.

        Weights of the same mails with other stories may be merged: only the stories differ.
        """
        return self._scales.weigh(newsletter, cadence, locale, format, stories, vocabulary)
