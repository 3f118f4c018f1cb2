"""Compiling an edition: every drawing of every story at once, through template and inliner, cut.

A template that does what cannot be cut is no error: the mails of its run go the plain way, which
is right and slow, and the reason is told to its author.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from mailer.core.readers import MailFormat
from mailer.render.edition import Page, encode, plain_parts
from mailer.render.html_pieces import cut_html, prepare_html
from mailer.render.inline import inline
from mailer.render.pages import Pages, template_of
from mailer.render.pieces import Body, Region, SlotAt, cut_text, fields_of
from mailer.render.probes import (
    OF_MAIL,
    OF_SECTION,
    SECTIONS,
    ItemKey,
    MailProbe,
    Undecided,
    reader_of,
)
from mailer.render.probing import Prober, Wanted, pool_of
from mailer.render.site import address_lines
from mailer.render.slots import Field, Mark, Tokens, Uncuttable
from mailer.render.speech import speech_of
from mailer.render.template_errors import place_of

_MOST_ROUNDS: Final = 12


class Parts:
    """Subjects, texts and HTML compiled so far, all of the same stories.

    Pages for mails that differ, say, in having one story or several mostly differ in their subject
    alone: all else is compiled once. That is half the time before the first mail of a run.
    """

    def __init__(self) -> None:
        self.decided: set[str] = set()
        self._made: dict[str, list[tuple[dict[str, bool], Any]]] = {}

    def find(self, part: str, decisions: Mapping[str, bool]) -> tuple[dict[str, bool], Any] | None:
        """Return a part whose own decisions are these, with those it asked for."""
        for asked, made in self._made.get(part, ()):
            if all(decisions[name] is value for name, value in asked.items()):
                return asked, made
        return None

    def keep(self, part: str, asked: dict[str, bool], made: Any) -> None:
        """Remember a part."""
        self._made.setdefault(part, []).append((asked, made))


def compile_page(
    pages: Pages, wanted: Wanted, decisions: Mapping[str, bool], parts: Parts | None = None
) -> Page:
    """Return the page for these decisions about the mail.

    Only those the template asks for are part of it. Raises Uncuttable, with the reason, or
    RenderError for a template that is broken for everybody.
    """
    parts = parts or Parts()
    for _ in range(_MOST_ROUNDS):
        try:
            return _Compile(pages, wanted, decisions, parts).page()
        except Undecided as undecided:
            parts.decided.add(undecided.decision)
    raise Uncuttable("it decides by too many things")


class _Compile:
    """One round of a compile."""

    def __init__(
        self,
        pages: Pages,
        wanted: Wanted,
        decisions: Mapping[str, bool],
        parts: Parts,
    ) -> None:
        self._pages = pages
        self._wanted = wanted
        self._decisions = decisions
        self._parts = parts
        self._decided = frozenset(parts.decided)
        self._tokens = Tokens()
        self._asked: set[str] = set()
        self._folder = template_of(wanted.letter.newsletter, wanted.letter.cadence)
        self._environment = pages.cutting(speech_of(wanted.letter.locale))
        self._environment.tokens = self._tokens
        self._environment.read = reader_of(self._asked)
        self._prober = Prober(wanted, self._tokens, decisions, self._decided)

    def page(self) -> Page:
        has_html = self._wanted.letter.format is MailFormat.HTML
        asked: dict[str, bool] = {}
        subject = self._part("subject.txt", self._subject, asked)
        text = self._part("body.txt", lambda: encode(self._text()), asked)
        html = self._part("body.html", lambda: encode(self._html()), asked) if has_html else ()
        return Page(tuple(sorted(asked.items())), subject, text, html)

    def _part(self, part: str, make: Callable[[], Any], asked: dict[str, bool]) -> Any:
        """Return a part, made now if it was not; adds to `asked` the decisions it asks for."""
        known = self._parts.find(part, self._decisions)
        if known is None:
            self._asked.clear()
            with self._placing(part):
                made = make()
            known = {name: self._decisions[name] for name in self._asked}, made
            self._parts.keep(part, *known)
        asked |= known[0]
        return known[1]

    @contextmanager
    def _placing(self, part: str) -> Iterator[None]:
        """Say in which file, and where it is known in which line, a template cannot be cut."""
        folders = self._pages.templates.folders
        try:
            yield
        except Uncuttable as error:
            file, line = place_of(error, folders)
            paths = [folder / self._folder / part for folder in folders]
            error.file = file or str(next(filter(Path.is_file, paths), paths[-1]))
            error.line = line
            raise

    def _subject(self) -> tuple[str | SlotAt, ...]:
        body = cut_text(self._drawn("subject.txt", self._prober.mail({})), self._tokens)
        try:
            return plain_parts(body)
        except ValueError as error:
            raise Uncuttable(f"its subject has {error}") from error

    def _text(self) -> Body:
        drawn = self._drawn("body.txt", self._prober.mail({}))
        body = _share(cut_text(drawn, self._tokens), self._decided)
        urls = {
            (story.id, story.revision): self._wanted.links.story(story)
            for story in self._wanted.stories
        }
        literal = "".join(part for part in _flat(body) if isinstance(part, str))

        def has_url(key: ItemKey, drawn: Body) -> bool:
            url = urls[key.story_id, key.revision]
            return any(isinstance(part, str) and url in part for part in drawn)

        self._check_told(body, has_url, "url")
        self._check_slot(body, "unsubscribe_url")
        if any(line not in literal for line in address_lines(self._wanted.site)):
            raise Uncuttable("its text loses the postal address")
        return body

    def _html(self) -> Body:
        name = f"{self._folder}/body.html"
        marks: dict[ItemKey, str] = {}
        tokens = self._tokens
        address, end = tokens.mark("seen", "the postal address"), tokens.mark("seen", "the end")
        seen: dict[int, int] = {}
        drawn = self._drawn("body.html", self._prober.mail(marks, address))
        source, borders = prepare_html(drawn, tokens, end)
        body = _share(cut_html(inline(source, name), source, borders, tokens, seen), self._decided)
        entries = [tokens[number] for number in seen]
        told = {entry.about for entry in entries if isinstance(entry, Mark)}
        if "the end" not in told:
            raise Uncuttable("it loses its end")
        if "the postal address" not in told and address_lines(self._wanted.site):
            raise Uncuttable("it loses the postal address")
        self._check_told(body, lambda key, _drawn: key in told, "title")
        self._check_slot(body, "unsubscribe_url")
        return body

    def _drawn(self, part: str, mail: MailProbe) -> str:
        name = f"{self._folder}/{part}"
        try:
            return self._environment.get_template(name).render(mail=mail)
        except (Uncuttable, Undecided):
            raise
        except Exception as error:
            # The plain way finds out whether it is wrong for everybody, and says where.
            raise Uncuttable(f"{name}: {type(error).__name__}: {error}") from error

    def _check_slot(self, body: Body, name: str) -> None:
        field = Field("mail", name)
        if not any(isinstance(p, SlotAt) and p.entry == field for p in body):
            raise Uncuttable(f"it loses mail.{name}")

    def _check_told(self, body: Body, is_told: Callable[[ItemKey, Body], bool], name: str) -> None:
        """See that one of its loops tells every story, but for a lead that is told outside."""
        field = Field("lead", name)
        leads = any(
            isinstance(part, SlotAt)
            and (part.entry == field or (name == "title" and field in fields_of(part.entry)))
            for part in body
        )
        for kind in (OF_SECTION, OF_MAIL):
            drawings = list(_drawings(body, kind))
            if drawings and all(
                is_told(key, drawn) or (leads and key.is_lead) for key, drawn in drawings
            ):
                return
        raise Uncuttable("it does not tell every story in its loop over them")


def _drawings(body: Body, kind: str) -> Iterator[tuple[ItemKey, Body]]:
    for part in body:
        if isinstance(part, Region) and part.kind == kind:
            yield from part.bodies.items()
        elif isinstance(part, Region):
            for inner in part.bodies.values():
                yield from _drawings(inner, kind)


def _flat(body: Body) -> Iterator[str | SlotAt]:
    for part in body:
        if not isinstance(part, Region):
            yield part


def _share(body: Body, decided: frozenset[str]) -> Body:
    """Let sections that look alike to their stories have the same drawings of them."""
    for part in body:
        if not isinstance(part, Region) or part.kind != SECTIONS:
            continue
        drawn: dict[Any, list[Region]] = {}
        for key, section in part.bodies.items():
            regions = [inner for inner in section if isinstance(inner, Region)]
            first = drawn.setdefault(pool_of(key, decided), regions)
            if len(first) != len(regions):
                raise Uncuttable("its sections have their stories in different places")
            for rich, region in zip(first, regions, strict=True):
                region.bodies = rich.bodies
    return body
