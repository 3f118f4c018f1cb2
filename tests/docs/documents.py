"""What the documentation tells its reader to type, and what it says will come of it.

A block of kind `console` has commands behind `$ ` and below each what it prints: `…` alone on a
line stands for any lines, within a line for any text; nothing below means nothing is said about it.
A block with `title="path"` is a file that the reader writes. A comment `<!-- process: /path -->`
above a block says that its command goes on until the page ends, and what answers when it is ready.
A block of kind `sh` is for a machine of the reader's (systemd, containers, DNS): it is not run, but
each `mailer` in it must be a command with options there are.
"""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent
PAGES = sorted([CHECKOUT / "README.md", *(CHECKOUT / "docs").rglob("*.md")])
_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*) -->\n)?^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Step:
    """A command, and the lines that are shown below it."""

    line: str
    shown: list[str] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """The words, as a shell splits them."""
        return shlex.split(self.line, comments=True)

    def is_kept(self, printed: str) -> bool:
        """Say whether what was printed is what is shown."""
        if not self.shown:
            return True
        pattern = "".join(
            r"(?:.*\n)*?" if line == "…" else f"{_pattern(line)}\n" for line in self.shown
        )
        return re.fullmatch(pattern, _trimmed(printed)) is not None


@dataclass(frozen=True)
class Block:
    """A fenced block: its kind, its steps or its file, and the comment above it."""

    kind: str
    title: str
    note: str
    body: str

    @property
    def steps(self) -> list[Step]:
        """The commands of a console block."""
        found: list[Step] = []
        for line in self.body.splitlines():
            if line.startswith("$ "):
                found.append(Step(line[2:]))
            elif found:
                found[-1].shown.append(line.rstrip())
        return found

    @property
    def ready_path(self) -> str:
        """What answers when the process of this block is ready, "" for what ends by itself."""
        return self.note.partition("process: ")[2].strip()


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        title = _TITLE.search(match["info"])
        kind = match["info"].split(" ")[0]
        found.append(Block(kind, title[1] if title else "", match["note"] or "", match["body"]))
    return found


def _pattern(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.split("…"))


def _trimmed(printed: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in printed.strip("\n").splitlines())
