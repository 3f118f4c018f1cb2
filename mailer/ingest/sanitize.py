"""The sanitiser: foreign HTML made small, flat and harmless, and plain text made of it.

Works in two steps. The first rebuilds the text from its visible blocks and keeps the caps of S11;
it is about size and shape. The second is nh3 with the allow-list; it is about safety, trusts
nothing, and meets only small, well-formed input, on which it is fast.
"""

import html
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final

import nh3

from mailer.core.hygiene import clean_text
from mailer.ingest.block_parts import Block, Run
from mailer.ingest.blocks import blocks

# S11, and DESIGN's budget: Gmail clips a mail at about 102 KB.
MAX_BYTES: Final = 64 * 1024
MAX_LINKS: Final = 50

_TAGS: Final = frozenset({
    "a", "b", "blockquote", "br", "em", "h2", "h3", "h4", "i", "li", "ol", "p", "strong", "ul",
})  # fmt: skip
_CUT: Final = "<p>…</p>"
# Closing tags of the deepest path, and the ellipsis.
_RESERVE: Final = 1024


def clean_html(source: str, base: str = "") -> str:
    """Return HTML of the allow-list for one story's body; empty when it holds no text.

    Keeps paragraphs, headings, quotations, lists, emphasis and absolute http(s) links; relative
    links are resolved against `base`. Pictures go, and their descriptions with them.
    What is over a cap: deeper nesting is flattened; the links after the first 50 lose their mark;
    past 64 KiB the text ends before the block that does not fit, with an ellipsis, or inside it at
    a word when what stands before it is less than half of what fits.
    """
    return nh3.clean(
        _serialised(blocks(source, base)),
        tags=set(_TAGS),
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel=None,
    )


def paragraphs_html(paragraphs: Iterable[str]) -> str:
    """Return the HTML of plain paragraphs, under the same caps; line breaks inside them stay."""
    return clean_html(
        "".join(
            f"<p>{_escaped(clean_text(paragraph)).replace(chr(10), '<br>')}</p>"
            for paragraph in paragraphs
        )
    )


def plain_text(source: str, *, characters: int = 20_000) -> str:
    """Return the words of an HTML fragment on one line; stops after about `characters`."""
    words: list[str] = []
    length = 0
    for block in blocks(source):
        words.extend(block.text.split())
        length += len(block.text)
        if length > characters:
            break
    return " ".join(words)


def _serialised(source: Iterable[Block]) -> str:
    pieces: list[str] = []
    path: tuple[tuple[str, int], ...] = ()
    size = links = 0
    for block in source:
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], _pairs(path, block)))
        moves = _closing(path[shared:]) + "".join(f"<{name}>" for name, _ in block.path[shared:])
        room = MAX_BYTES - _RESERVE - size - len(moves)
        runs = _with_links(block.runs, MAX_LINKS - links)
        piece = _block_html(block.name, runs)
        fits = len(piece.encode()) <= room
        if not fits:
            if size * 2 >= MAX_BYTES:
                pieces.append(_closing(path) + _CUT)
                return "".join(pieces)
            piece = _block_html(block.name, _shortened(runs, room))
        pieces += (moves, piece)
        path = block.path
        if not fits:
            break
        size += len(moves) + len(piece.encode())
        links += piece.count("<a ")
    return "".join(pieces) + _closing(path)


def _pairs(
    path: tuple[tuple[str, int], ...], block: Block
) -> Iterable[tuple[tuple[str, int], tuple[str, int]]]:
    return zip(path, block.path, strict=False)


def _closing(path: Sequence[tuple[str, int]]) -> str:
    return "".join(f"</{name}>" for name, _ in reversed(path))


def _with_links(runs: tuple[Run, ...], room: int) -> list[Run]:
    """Unlink what is over the cap. Runs of one link that stand together count as one."""
    kept: list[Run] = []
    before = ""
    for run in runs:
        linked = "a" in run.marks
        if linked and run.href != before:
            room -= 1
        before = run.href if linked else ""
        if "a" in run.marks and room < 0:
            marks = tuple(mark for mark in run.marks if mark != "a")
            kept.append(Run(run.text, marks))
        else:
            kept.append(run)
    return kept


def _block_html(name: str, runs: Sequence[Run]) -> str:
    pieces: list[str] = [f"<{name}>"] if name else []
    opened: list[tuple[str, str]] = []
    for run in runs:
        wanted = [(mark, run.href if mark == "a" else "") for mark in run.marks]
        while opened and opened != wanted[: len(opened)]:
            pieces.append(f"</{opened.pop()[0]}>")
        for mark, href in wanted[len(opened) :]:
            pieces.append(f'<a href="{html.escape(href)}">' if mark == "a" else f"<{mark}>")
            opened.append((mark, href))
        pieces.append(_escaped(run.text).replace("\n", "<br>"))
    pieces += [f"</{mark}>" for mark, _ in reversed(opened)]
    if name:
        pieces.append(f"</{name}>")
    return "".join(pieces)


def _escaped(text: str) -> str:
    # As nh3 writes it, so that the size measured here is the size that comes out.
    return html.escape(text, quote=False).replace("\xa0", "&nbsp;")


def _shortened(runs: Sequence[Run], room: int) -> list[Run]:
    """Return the runs that fit into `room` bytes, the last cut at a word and ended by '…'."""
    kept: list[Run] = []
    for run in runs:
        one = len(_block_html("p", [run]).encode())
        if one <= room - _RESERVE:
            kept.append(run)
            room -= one
            continue
        text = run.text[:MAX_BYTES]
        left = room - _RESERVE - (one - len(_escaped(run.text).encode()))
        if left > 0:
            fitting = bisect_right(
                range(len(text) + 1), left, key=lambda n: len(_escaped(text[:n]).encode())
            )
            text = text[: fitting - 1]
            at_word = text.rfind(" ", max(0, len(text) - 100))
            kept.append(Run(text[:at_word] if at_word > 0 else text, run.marks, run.href))
        break
    kept.append(Run("…"))
    return kept
