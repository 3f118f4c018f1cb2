"""The template author's workbench: every mail there is, drawn from made-up data, and linted.

No database is asked: templates can be tried before there is one.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mailer.core.addresses import read_address
from mailer.core.letters import Letter
from mailer.core.notices import Notice, Occasion
from mailer.core.readers import MailFormat
from mailer.core.tags import Vocabulary
from mailer.core.tokens import Signer
from mailer.errors import NotFoundError
from mailer.render.environment import Templates, packaged_templates
from mailer.render.letter_views import view_letter
from mailer.render.links import Links
from mailer.render.lint.check import lint_message
from mailer.render.lint.documents import Page
from mailer.render.lint.findings import Finding, Level, gathered
from mailer.render.lint.origins import Origins, placed, read_origins
from mailer.render.mail import Mail, Renderer
from mailer.render.message import build_message
from mailer.render.notice_message import build_notice
from mailer.render.notice_views import view_notice
from mailer.render.pages import template_of
from mailer.render.plain_ways import mend_of
from mailer.render.samples import VOCABULARY, sample_letter, sample_notice, sample_told
from mailer.render.site import Site, address_lines
from mailer.render.slots import Uncuttable
from mailer.render.speech import speech_of

PARTS = ("subject.txt", "body.txt", "body.html")
_OCCASIONS = frozenset(Occasion)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample mail in all its forms."""

    paper: Letter | Notice
    mail: Mail
    content: bytes


class Workbench:
    """The templates of one site. `overrides` is a folder whose files replace packaged templates."""

    def __init__(
        self, site: Site, signer: Signer, *, overrides: Path | None, max_mail_bytes: int
    ) -> None:
        self.site = site
        self._signer = signer
        own = packaged_templates() / "email"
        self.folders = (overrides / "email", own) if overrides else (own,)
        self._renderer = Renderer(site, signer, overrides=overrides, max_mail_bytes=max_mail_bytes)
        self._marked = Templates(self.folders, (Origins,))

    def names(self) -> list[str]:
        """Return the names of all mails: digests and alert first, then notices."""
        found = {path.parent.name for folder in self.folders for path in folder.glob("*/body.html")}
        found.discard("_base")
        return sorted(found, key=lambda name: (name in _OCCASIONS, name != "digest", name))

    def version(self) -> str:
        """Return a text that changes whenever a template is saved, made or removed."""
        seen = sha256()
        for folder in self.folders:
            for path in sorted(folder.rglob("*")):
                with suppress(OSError):  # An editor may have just replaced it.
                    if path.is_file():
                        status = path.stat()
                        seen.update(f"{path}|{status.st_mtime_ns}|{status.st_size}".encode())
        return seen.hexdigest()[:16]

    def file(self, name: str, part: str) -> Path:
        """Return the file that counts for a part of a mail; raises NotFoundError."""
        for folder in self.folders:
            # Found by looking, not by asking for it: a name may be anything, even no name at all.
            if folder.is_dir() and name in {path.name for path in folder.iterdir()}:
                path = folder / name / part
                if path.is_file():
                    return path
        raise NotFoundError(
            f"no template '{name}/{part}': there are {', '.join(self.names())}; "
            f"make one with 'mailer templates new {name}'"
        )

    def paper(self, name: str, *, locale: str = "en", text_only: bool = False) -> Letter | Notice:
        """Return the sample letter or notice of a mail; raises NotFoundError."""
        format = MailFormat.TEXT if text_only else MailFormat.HTML
        sources = [self.file(name, part).read_text(encoding="utf-8") for part in PARTS]
        if name in _OCCASIONS:
            told = sample_told(sources)
            return sample_notice(Occasion(name), told, locale=locale, format=format)
        return sample_letter(name, locale=locale, format=format)

    def draw(self, name: str, *, locale: str = "en", text_only: bool = False) -> Drawn:
        """Return the sample of a mail as it would be sent; raises RenderError or NotFoundError."""
        return self.draw_paper(self.paper(name, locale=locale, text_only=text_only), VOCABULARY)

    def draw_paper(self, paper: Letter | Notice, vocabulary: Vocabulary) -> Drawn:
        """Return a letter or notice as it would be sent; raises RenderError."""
        if isinstance(paper, Notice):
            mail = self._renderer.render_notice(paper)
            return Drawn(paper, mail, build_notice(paper, mail, self.site, self._signer))
        mail = self._renderer.render(paper, vocabulary)
        return Drawn(paper, mail, build_message(paper, mail, self.site, self._signer))

    def lint(self, name: str) -> list[Finding]:
        """Return what is wrong with the sample of a mail, each finding at its template's line.

        Raises RenderError when there is no mail to look at.
        """
        return self.lint_paper(self.paper(name), VOCABULARY)

    def lint_paper(self, paper: Letter | Notice, vocabulary: Vocabulary) -> list[Finding]:
        """Return what is wrong with a letter or notice, as `lint` does."""
        drawn = self.draw_paper(paper, vocabulary)
        links = Links(self.site, self._signer)
        view: object
        if isinstance(paper, Notice):
            name, view = str(paper.occasion), view_notice(paper, self.site, links)
        else:
            name = template_of(paper.newsletter, paper.cadence)
            view = view_letter(paper, self.site, links, vocabulary)
        source = None
        if drawn.mail.html:
            marked = self._marked.render(f"{name}/body.html", speech_of(paper.locale), mail=view)
            html, origins = read_origins(marked)
            source = Page(html, is_source=True)
        findings = lint_message(
            drawn.content, name=name, address_lines=address_lines(self.site), source=source
        )
        if source:
            findings = [placed(finding, origins) for finding in findings]
        return gathered([*findings, *self._check_speed(paper, vocabulary)])

    def _check_speed(self, paper: Letter | Notice, vocabulary: Vocabulary) -> Iterator[Finding]:
        """Find out whether many mails can be made at once."""
        if isinstance(paper, Notice):
            return
        printing = self._renderer.printing(vocabulary)
        printing.print([(paper, read_address(paper.email))])
        if printing.reason:
            fault = printing.fault or Uncuttable(printing.reason)
            yield Finding(
                "editions/slow",
                Level.WARN,
                f"each mail is made by itself, which takes a hundred times as long: {fault}",
                mend_of(fault),
                line=fault.line,
                file=fault.file or template_of(paper.newsletter, paper.cadence),
            )
