"""What the bench shows of a choice: the mail, its sizes, its findings, or the mistake."""

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from mailer.bootstrap import Installation
from mailer.core.letters import Letter
from mailer.core.notices import Notice
from mailer.core.readers import Newsletter
from mailer.core.runs import PlannedMail
from mailer.errors import RenderError, TemplateError
from mailer.flows.desk import Desk
from mailer.flows.preview_mail import preview_mail
from mailer.render.lint.findings import Finding
from mailer.render.mail import Mail
from mailer.render.workbench import Workbench
from mailer.store.followers import Asking, read_followers
from mailer.store.newsletters import find_newsletter, list_newsletters
from mailer.store.tags import read_vocabulary
from mailer.web.dev.choices import Choice

# Enough to walk through; whoever is not among them is typed in.
_MOST_READERS = 200
_AROUND = 2


@dataclass(frozen=True, slots=True)
class Tools:
    """What draws mails with the templates of one version: samples, and readers' own mails."""

    version: str
    bench: Workbench
    desk: Desk


@dataclass(frozen=True, slots=True)
class Sight:
    """A mail, or why there is none. `mistake` is an error of a template."""

    mail: Mail | None = None
    content: bytes = b""
    planned: PlannedMail | None = None
    silence: str = ""
    mistake: RenderError | None = None
    findings: tuple[Finding, ...] = ()
    template: str = ""

    @property
    def excerpt(self) -> str:
        """The lines around a mistake, "" when its place is not known."""
        return self.mistake.excerpt if isinstance(self.mistake, TemplateError) else ""


def see(room: Installation, tools: Tools, choice: Choice, *, with_lint: bool = False) -> Sight:
    """Return the sight of a choice; raises InputError for one that names what is not there."""
    bench = tools.bench
    try:
        if choice.is_sample:
            drawn = bench.draw(choice.mail, locale=choice.locale)
            findings = bench.lint(choice.mail) if with_lint else []
            return Sight(drawn.mail, drawn.content, findings=tuple(findings), template=choice.mail)
        return _see_reader(room, tools, choice, with_lint=with_lint)
    except RenderError as error:
        return Sight(mistake=error, template=choice.mail or choice.template)


def _see_reader(room: Installation, tools: Tools, choice: Choice, *, with_lint: bool) -> Sight:
    found, planned = preview_mail(
        tools.desk,
        choice.newsletter,
        choice.kind(),
        reader_email=choice.reader,
        as_of=choice.moment(room.clock()),
        template=choice.template,
    )
    if found is None:
        if planned is None:
            silence = "A run would not ask her: no follow of this cadence, paused or not confirmed."
        else:
            silence = "She would get no mail: nothing is new to her. What she got: see Mailbox."
        return Sight(planned=planned, silence=silence)
    findings: list[Finding] = []
    if with_lint:
        with tools.desk.database.read() as connection:
            vocabulary = read_vocabulary(connection)
        findings = tools.bench.lint_paper(found.letter, vocabulary)
    return Sight(
        found.mail,
        found.content,
        planned,
        findings=tuple(findings),
        template=_folder(found.letter),
    )


def _folder(paper: Letter | Notice) -> str:
    if isinstance(paper, Notice):
        return paper.occasion
    return "alert" if paper.cadence.kind == "alert" else paper.newsletter.template


def newsletters_of(room: Installation) -> list[Newsletter]:
    """Return the newsletters there are."""
    with room.desk.database.read() as connection:
        return list_newsletters(connection)


def readers_of(room: Installation, choice: Choice) -> list[str]:
    """Return the addresses of readers a run of this choice would ask, the first of them."""
    if choice.is_sample:
        return []
    with room.desk.database.read() as connection:
        newsletter = find_newsletter(connection, choice.newsletter)
        asking = Asking(newsletter.id, choice.kind(), choice.moment(room.clock()))
        followers = read_followers(connection, asking, limit=_MOST_READERS)
    return [follower.reader.email for follower in followers]


def neighbours(items: list[str], current: str) -> tuple[str, str]:
    """Return what stands before and behind the current one, in a ring; "" when there is no other.

    One that is not among them stands before the first.
    """
    if not items or items == [current]:
        return "", ""
    if current not in items:
        return items[-1], items[0]
    ring = [*items, items[0]]
    after = dict(pairwise(ring))
    before = {behind: ahead for ahead, behind in after.items()}
    return before[current], after[current]


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding with the lines of the file around it: number, text, whether it is the line."""

    finding: Finding
    lines: tuple[tuple[int, str, bool], ...]


def place(bench: Workbench, findings: tuple[Finding, ...]) -> list[Placed]:
    """Return the findings, each beside the lines it is about."""
    return [Placed(finding, _lines(bench, finding)) for finding in findings]


def _lines(bench: Workbench, finding: Finding) -> tuple[tuple[int, str, bool], ...]:
    if not finding.line or "/" not in finding.file:
        return ()
    path = next(
        (folder / finding.file for folder in bench.folders if (folder / finding.file).is_file()),
        Path(),
    )
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    first = max(finding.line - _AROUND, 1)
    return tuple(
        (number, lines[number - 1], number == finding.line)
        for number in range(first, min(finding.line + _AROUND, len(lines)) + 1)
    )


def with_default_reader(choice: Choice, readers: list[str]) -> Choice:
    """Return the choice with the first reader when it names none."""
    return choice if choice.reader or not readers else replace(choice, reader=readers[0])
