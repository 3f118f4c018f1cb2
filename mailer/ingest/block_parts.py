"""What a reader sees of HTML: blocks of text, and runs of text under the same marks."""

import re
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

SPACE: Final = re.compile("[ \t\n\r\f]+")


@dataclass(frozen=True, slots=True)
class Run:
    r"""Text under the same marks. `marks` are names of inline tags, outermost first.

    A line break is the text `\\n`; `href` belongs to the mark `a`.
    """

    text: str
    marks: tuple[str, ...] = ()
    href: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph (`p`), a heading (`h2` to `h4`) or the bare text of a list item (empty name).

    `path` holds what it stands in, outermost first, as (name, number): two blocks in the same list
    item share its number.
    """

    name: str
    runs: tuple[Run, ...]
    path: tuple[tuple[str, int], ...] = ()
    original: str = ""

    @property
    def text(self) -> str:
        """The words alone; line breaks stay."""
        return "".join(run.text for run in self.runs)


def tidy(runs: list[Run]) -> tuple[Run, ...]:
    """Join what stands under the same marks, and drop the spaces at both ends and beside breaks.

    Empty when no text is left.
    """
    tidy: list[Run] = []
    for (marks, href, is_break), same in groupby(
        runs, key=lambda run: (run.marks, run.href, run.text == "\n")
    ):
        text = "".join(run.text for run in same)
        text = text if is_break else SPACE.sub(" ", text)
        if not tidy or tidy[-1].text.endswith((" ", "\n")):
            text = text.lstrip(" " if tidy else " \n")
        if is_break and tidy:
            tidy[-1] = replace(tidy[-1], text=tidy[-1].text.rstrip(" "))
        if text:
            tidy.append(Run(text, marks, href))
    while tidy:
        last = tidy.pop()
        if text := last.text.rstrip():
            tidy.append(replace(last, text=text))
            break
    return tuple(tidy) if any(run.text.strip() for run in tidy) else ()
