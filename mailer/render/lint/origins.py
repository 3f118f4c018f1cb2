"""Where each line of a rendered page comes from: which file, which line of it.

A page is made of several templates. Before they are compiled, each of their lines gets a mark of
characters that mean nothing; what is rendered then says of each line whence it came.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from mailer.render.lint.findings import Finding

# Of the private use area: no text means anything by them, and no tag name or filter changes them.
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"
_MARK = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_OTHER = re.compile(f"[{_OPEN}{_CLOSE}]")


@dataclass(frozen=True, slots=True)
class Origin:
    """A line of a template; `file` is its path under the folder of templates."""

    file: str
    line: int


class Origins(Extension):
    """A Jinja extension that marks the lines of what templates say themselves."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield the tokens, their data marked."""
        name = stream.name or ""
        for token in stream:
            if token.type == "data":
                yield Token(token.lineno, "data", _marked(str(token.value), name, token.lineno))
            else:
                yield token


def read_origins(page: str) -> tuple[str, list[Origin]]:
    """Return a page without marks, and whence each of its lines came."""
    lines: list[str] = []
    origins: list[Origin] = []
    last = Origin("", 0)
    for line in page.split("\n"):
        # A line is made by the last template that has a say before its first word.
        for mark in _MARK.finditer(line):
            file, _, number = mark[1].rpartition(":")
            last = Origin(file, int(number))
            if line[mark.end() :].strip() and not line[mark.end() :].startswith(_OPEN):
                break
        lines.append(_OTHER.sub("", _MARK.sub("", line)))
        origins.append(last)
        marks = list(_MARK.finditer(line))
        if marks:
            file, _, number = marks[-1][1].rpartition(":")
            last = Origin(file, int(number))
    return "\n".join(lines), origins


def placed(finding: Finding, origins: Sequence[Origin]) -> Finding:
    """Return a finding of a page at the place of the template where its line comes from."""
    if not finding.line or finding.rule.startswith("header/"):
        return finding
    origin = origins[min(finding.line, len(origins)) - 1]
    return replace(finding, file=origin.file or finding.file, line=origin.line)


def _marked(text: str, name: str, first: int) -> str:
    parts = text.split("\n")
    return "\n".join(
        f"{_OPEN}{name}:{number}{_CLOSE}{part}" for number, part in enumerate(parts, start=first)
    )
