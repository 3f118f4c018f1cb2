"""Printing the mails of one run, locale and format: compiled when it can be, else the plain way.

A compiled page is only used after two of its mails were held against the plain ones. When they
differ, or when a template cannot be cut, all mails go the plain way and `reason` says why.
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from mailer.core.addresses import Address
from mailer.core.letters import Letter
from mailer.core.stories import Story
from mailer.core.tags import Vocabulary
from mailer.core.tokens import Signer
from mailer.errors import MailerError, RenderError
from mailer.render.compiling import Parts, compile_page
from mailer.render.edition import Edition, Page, name_of, unpack
from mailer.render.filling import Unfit
from mailer.render.letter_values import LetterValues
from mailer.render.links import Links
from mailer.render.pages import Pages
from mailer.render.plain_ways import told
from mailer.render.press import NotCompiled, Press
from mailer.render.probing import Wanted
from mailer.render.sameness import difference
from mailer.render.sayings import Sayings
from mailer.render.site import Site
from mailer.render.slots import Uncuttable

_PROVED = 2
# Each remembers some megabytes.
_AT_WORK = 12


@dataclass(frozen=True, slots=True)
class Printed:
    """What became of one letter: its message, or why it has none."""

    content: bytes = b""
    error: Exception | None = None


@dataclass(slots=True)
class Counts:
    """How the mails of a printing were made."""

    compiled: int = 0
    plain: int = 0


@dataclass(slots=True)
class Printing:
    """The mails of one newsletter, cadence, moment, locale and format.

    `plainly` makes a message the plain way. `fresh` are editions compiled here that nobody has
    stored yet; `reason` says why mails go the plain way, empty when they do not, and `fault` where.
    """

    pages: Pages
    site: Site
    signer: Signer
    vocabulary: Vocabulary
    plainly: Callable[[Letter, Vocabulary], bytes]
    reason: str = ""
    fault: Uncuttable | None = None
    fresh: list[bytes] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    _press: Press | None = None
    _known: list[Page] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)

    @property
    def names(self) -> AbstractSet[str]:
        """Name the editions it was given or has compiled."""
        return self._names

    def take(self, packed: Iterable[bytes]) -> None:
        """Use editions that were stored; one that cannot be read is as good as none."""
        for each in packed:
            name = name_of(each)
            if name in self._names:
                continue
            self._names.add(name)
            try:
                self._known += unpack(each).pages
            except ValueError:
                continue
        if self._press is not None:
            self._press.use(self._known)

    def speak(self, vocabulary: Vocabulary) -> None:
        """Use these labels from now on, if they are others than so far."""
        if list(vocabulary) != list(self.vocabulary):
            self.vocabulary = vocabulary
            self._press = None

    def print(
        self,
        letters: Sequence[tuple[Letter, Address]],
        stories: Callable[[], Iterable[Story]] = tuple,
        more: Callable[[], None] = lambda: None,
    ) -> list[Printed]:
        """Return the messages of letters, in order.

        Before something is compiled `more` is called, which may `take` what others have compiled,
        and `stories` gives what else the run tells, to compile it in one go.
        """
        done: list[Printed | None] = [self._try(letter, to) for letter, to in letters]
        missing = [number for number, printed in enumerate(done) if printed is None]
        if missing:
            more()
            for number in missing:
                done[number] = self._try(*letters[number])
            missing = [number for number in missing if done[number] is None]
        if missing:
            self._compile([letters[number] for number in missing], stories)
            for number in missing:
                done[number] = self._try(*letters[number])
        return [
            printed if printed is not None else self._plain(letter)
            for printed, (letter, _) in zip(done, letters, strict=True)
        ]

    def reprint(self, letter: Letter, recipient: Address) -> bytes | None:
        """Return the message of a letter from what was taken; None when it is not in there."""
        try:
            return self._pressed(letter).print(letter, recipient)
        except (NotCompiled, Unfit, MailerError, ValueError):
            return None

    def _try(self, letter: Letter, recipient: Address) -> Printed | None:
        """Return a compiled message, or a plain one for an odd letter; None when not compiled."""
        if self.reason:
            return self._plain(letter)
        try:
            content = self._pressed(letter).print(letter, recipient)
        except NotCompiled:
            return None
        except (Unfit, MailerError, ValueError):
            return self._plain(letter)
        self.counts.compiled += 1
        return Printed(content)

    def _plain(self, letter: Letter) -> Printed:
        self.counts.plain += 1
        try:
            return Printed(self.plainly(letter, self.vocabulary))
        except Exception as error:  # noqa: BLE001 - a template of somebody else's may do anything
            return Printed(error=error)

    def _pressed(self, letter: Letter) -> Press:
        if self._press is None:
            self._press = Press(
                LetterValues(self._sayings(letter), Links(self.site, self.signer)),
                self.site,
                self.signer,
            )
            self._press.use(self._known)
        return self._press

    def _sayings(self, letter: Letter) -> Sayings:
        return Sayings(letter.newsletter, letter.cadence, letter.locale, self.vocabulary)

    def _compile(
        self,
        missing: Sequence[tuple[Letter, Address]],
        stories: Callable[[], Iterable[Story]],
    ) -> None:
        """Compile what these letters need; a page for each set of decisions there is."""
        told_of = {(story.id, story.revision): story for story in stories()}
        kinds: dict[tuple[tuple[str, bool], ...], list[tuple[Letter, Address]]] = {}
        press = self._pressed(missing[0][0])
        for letter, to in missing:
            try:
                kinds.setdefault(tuple(press.needs(letter).items()), []).append((letter, to))
            except (Unfit, MailerError):
                continue
            for section in letter.sections:
                told_of.update({(i.story.id, i.story.revision): i.story for i in section.items})
        ordered, parts = [told_of[key] for key in sorted(told_of)], Parts()
        made: list[Page] = []
        try:
            for decided, letters in kinds.items():
                lacking = [pair for pair in letters if self._lacks(pair[0], press, made)]
                if lacking:
                    first = lacking[0][0]
                    links = Links(self.site, self.signer)
                    wanted = Wanted(first, ordered, self._sayings(first), self.site, links)
                    made.append(compile_page(self.pages, wanted, dict(decided), parts))
                    press.use([*self._known, *made])
                    self._prove(lacking[:1] + lacking[-1:])
        except Uncuttable as error:
            self.fault, self.reason = error, told(error)
            return
        except RenderError as error:
            self.reason = str(error)
            return
        self._known += made
        if made:
            packed = Edition(tuple(made)).pack()
            self._names.add(name_of(packed))
            self.fresh.append(packed)

    @staticmethod
    def _lacks(letter: Letter, press: Press, made: Sequence[Page]) -> bool:
        if not made:
            return True
        return not press.has(letter)

    def _prove(self, letters: Sequence[tuple[Letter, Address]]) -> None:
        """Hold compiled mails against plain ones."""
        for letter, to in letters[:_PROVED]:
            try:
                compiled = self._pressed(letter).print(letter, to)
            except (Unfit, MailerError, ValueError):
                continue
            except NotCompiled as error:
                raise Uncuttable("a compiled page lacks a letter it was made for") from error
            try:
                plain = self.plainly(letter, self.vocabulary)
            except RenderError:
                raise
            except Exception as error:
                raise Uncuttable(f"the plain way fails: {error}") from error
            if differs := difference(compiled, plain):
                raise Uncuttable(f"compiled and plain mail differ in {differs}")


class Printings:
    """The printings at work, by run, locale and format: the latest few.

    All lanes of a process have the same, since one builds at a time: with two lanes each its own,
    what they remember took 20 MB more, and was worked out twice.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str, str], Printing] = {}

    def get(self, key: tuple[int, str, str]) -> Printing | None:
        """Return the printing of a key, None when there is none at work."""
        return self._kept.get(key)

    def keep(self, key: tuple[int, str, str], printing: Printing) -> None:
        """Keep a printing; the one that was begun first is dropped when there are many."""
        while len(self._kept) >= _AT_WORK:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = printing
