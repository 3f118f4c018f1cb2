"""What went wrong in a template: the file, the line, what stands there, and a likely mend."""

import difflib
import re
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

import jinja2

from mailer.errors import TemplateError
from mailer.render import notice_views, views

_AROUND: Final = 2
_NEAREST: Final = 0.55
_VIEWS: Final = {
    view.__name__: tuple(field.name for field in fields(view))
    for view in (
        views.MailView,
        views.SectionView,
        views.ItemView,
        views.ReferenceView,
        notice_views.NoticeView,
    )
}
_NAMES: Final = (("mail", "MailView"), ("item", "ItemView"), ("section", "SectionView"))
_KNOWN: Final = ("mail", "loop", "section", "item", "line", "range", "gettext", "ngettext")
_CLOSE: Final = (
    "close what was opened: every {% if %}, {% for %}, {% block %}, {% macro %} and {% trans %} "
    "needs its {% end… %}"
)
_SYNTAX: Final = (
    (r"unknown tag 'end", _CLOSE),
    (r"unknown tag", "use a tag of Jinja: if, for, block, extends, include, import, macro, trans"),
    (r"Unexpected end of template|looking for .*end", _CLOSE),
    (r"unexpected '}'", "write {{ … }} with two braces on both sides"),
    (r"unexpected char", "take the character away, or put it in quotes"),
    (r"expected token 'end of print", "put an operator or a filter between the two words"),
    (r"expected token 'end of statement", "end the tag with %} behind its condition"),
    (r"No filter named", "use wrap, underlined, or a filter of Jinja"),
)


def explain(error: Exception, name: str, folders: Sequence[Path]) -> TemplateError:
    """Return the error of a template as its author needs it; `name` is the one that was asked."""
    if isinstance(error, jinja2.TemplateNotFound) and not isinstance(
        error, jinja2.TemplatesNotFound
    ):
        return _missing(error, name, folders)
    if isinstance(error, jinja2.TemplateSyntaxError):
        file = error.filename or error.name or name
        return _error(file, error.lineno, str(error.message), _mend_syntax(str(error.message)))
    file, line = place_of(error, folders)
    if isinstance(error, jinja2.UndefinedError):
        message, mend = _undefined(str(error.message))
    else:
        message, mend = f"{type(error).__name__}: {error}", "mend the expression in this line"
    return _error(file or name, line, message, mend)


def _missing(error: jinja2.TemplateNotFound, name: str, folders: Sequence[Path]) -> TemplateError:
    known = sorted(
        path.relative_to(folder).as_posix()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    )
    near = difflib.get_close_matches(str(error.name), known, 1, _NEAREST)
    where = " or ".join(str(folder) for folder in folders)
    mend = f"write '{near[0]}', or add it to {where}" if near else f"add it to {where}"
    message = f"no template '{error.name}' (wanted by '{name}')"
    for folder in folders:
        path = folder / name
        if path.is_file():
            for number, text in enumerate(_lines(path), start=1):
                if str(error.name) in text:
                    return _error(str(path), number, message, mend)
    return TemplateError(f"template {message}: {mend}", mend=mend)


def _error(file: str, line: int, message: str, mend: str) -> TemplateError:
    place = f"{file}, line {line}" if line else f"'{file}'"
    return TemplateError(
        f"template {place}: {message}: {mend}",
        file=file,
        line=line,
        excerpt="\n".join(_excerpt(Path(file), line)),
        mend=mend,
    )


def place_of(error: Exception, folders: Sequence[Path]) -> tuple[str, int]:
    """Return file and line of the innermost frame of a template."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if any(path.is_relative_to(folder) for folder in folders):
            return frame.filename, frame.lineno or 0
    return "", 0


def _undefined(message: str) -> tuple[str, str]:
    found = re.fullmatch(r"'(?:[\w.]+\.)?(\w+) object' has no attribute '(\w+)'", message)
    if found and found[1] in _VIEWS:
        known = _VIEWS[found[1]]
        near = difflib.get_close_matches(found[2], known, 1, _NEAREST)
        mend = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
        return f"no '{found[2]}' here", mend
    found = re.fullmatch(r"'(\w+)' is undefined", message)
    if found:
        whole = [f"{name}.{found[1]}" for name, view in _NAMES if found[1] in _VIEWS[view]]
        near = whole or difflib.get_close_matches(found[1], _KNOWN, 1, _NEAREST)
        mend = f"did you mean '{near[0]}'?" if near else "what a mail is told begins with 'mail.'"
        return f"'{found[1]}' is not known", mend
    return message, "use a name that this mail is told; see docs/templates.md"


def _mend_syntax(message: str) -> str:
    for pattern, mend in _SYNTAX:
        if re.search(pattern, message, re.IGNORECASE):
            return mend
    return "mend this line"


def _excerpt(path: Path, line: int) -> Iterator[str]:
    """Yield the lines around the one, each with its number, that one with an arrow."""
    lines = _lines(path)
    for number in range(max(line - _AROUND, 1), min(line + _AROUND, len(lines)) + 1):
        arrow = ">" if number == line else " "
        yield f"{arrow} {number:>4} | {lines[number - 1]}"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []
