"""The template language: where templates are, and how a mistake in one is told to its author."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import CodeType
from typing import TypeVar

import jinja2
from jinja2.bccache import Bucket
from jinja2.ext import Extension, InternationalizationExtension

import mailer
from mailer.render.speech import Speech
from mailer.render.template_errors import explain
from mailer.render.wrapping import columns, wrap

_Environment = TypeVar("_Environment", bound=jinja2.Environment)


class _Compiled(jinja2.BytecodeCache):
    """Templates compiled so far by environments of one kind: of each place, its last text.

    Compiled code is bound to its environment when it is loaded, so that languages, compiles of
    editions and requests share it: compiling anew was a fifth of the processor time of the demo.
    """

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template its code when it was compiled from this very text."""
        checksum, code = self._codes.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Remember what was compiled."""
        if bucket.code is not None:
            self._codes[bucket.key] = (bucket.checksum, bucket.code)


@cache
def _compiled(_kind: object, _extensions: tuple[type[Extension], ...]) -> _Compiled:
    """Return the one cache of a kind: each writes code of its own from the same text."""
    return _Compiled()


def packaged_templates() -> Path:
    """Return the folder of our own templates, in an installed package or a checkout."""
    package = Path(mailer.__file__).parent
    installed = package / "_data" / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


class Templates:
    """The templates of several folders; a file in an earlier folder replaces one in a later.

    Files ending in `.html` escape what they are given, all others show it as it is.
    """

    def __init__(self, folders: Sequence[Path], extensions: Sequence[type[Extension]] = ()) -> None:
        self.folders = tuple(folders)
        self._extensions = tuple(extensions)
        self._environments: dict[str, jinja2.Environment] = {}

    def render(self, name: str, speech: Speech, **values: object) -> str:
        """Return a rendered template.

        Raises RenderError naming file and line of what is wrong.
        """
        try:
            return self._environment(speech).get_template(name).render(values)
        except Exception as error:
            # A template may call anything: whatever it raises is its author's to mend.
            raise explain(error, name, self.folders) from error

    def _environment(self, speech: Speech) -> jinja2.Environment:
        known = self._environments.get(speech.language)
        if known is None:
            known = self._environments[speech.language] = equipped(
                jinja2.Environment, self.folders, speech, self._extensions
            )
        return known


def compact(html: str) -> str:
    """Return HTML without indentation and empty lines, which only weigh; lines stay lines."""
    return "\n".join(line for line in map(str.strip, html.split("\n")) if line)


def tidy(text: str) -> str:
    """Return plain text without trailing spaces and with at most one empty line in a row."""
    lines: list[str] = []
    for line in map(str.rstrip, text.split("\n")):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).rstrip("\n") + "\n"


def equipped(
    kind: Callable[..., _Environment],
    folders: Sequence[Path],
    speech: Speech,
    extensions: Sequence[type[Extension]] = (),
) -> _Environment:
    """Return an environment of this kind that finds our templates, speaks and wraps."""
    environment = kind(
        loader=jinja2.FileSystemLoader([str(folder) for folder in folders]),
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(enabled_extensions=("html",), default=False),
        extensions=[InternationalizationExtension, *extensions],
        bytecode_cache=_compiled(kind, tuple(extensions)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    install: Callable[..., None] = vars(environment)["install_gettext_translations"]
    install(speech.translations, newstyle=True)
    environment.filters["wrap"] = wrap
    environment.filters["underlined"] = underlined
    return environment


def underlined(text: str, stroke: str = "=") -> str:
    """Return lines with a line of strokes below, as wide as the widest."""
    return text + "\n" + stroke * max(map(columns, text.split("\n")))
