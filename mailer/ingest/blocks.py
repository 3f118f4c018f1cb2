"""HTML as what a reader sees: paragraphs, headings and list items, each with runs of text.

Knows which tags part paragraphs, which only mark words, and which hide their content. Depth is
bounded here (S11): what is nested deeper than MAX_DEPTH is kept, flattened into its surroundings.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from mailer.core.hygiene import clean_text
from mailer.ingest.block_parts import SPACE, Block, Run, tidy
from mailer.ingest.links import web_url
from mailer.ingest.markup import Token, tokens

# With an implied list item, a paragraph and five kinds of inline marks inside: below the 64 levels
# of S11, and far below the 255 at which libxml2 starts to lose text.
MAX_DEPTH: Final = 48

# An article has a few hundred; 250,000 take about half a second.
MAX_TOKENS: Final = 250_000

# What stands inside is no text of the article: code, players, pictures and their captions, menus,
# and words the author has struck out.
_HIDDEN: Final = frozenset({
    "audio", "button", "canvas", "datalist", "del", "dialog", "figcaption", "iframe", "math",
    "nav", "noembed", "noframes", "noscript", "object", "s", "script", "select", "strike",
    "style", "svg", "template", "textarea", "title", "video", "xmp",
})  # fmt: skip
# Of these the stream of tokens already knows where they end.
_RAW: Final = frozenset(
    {"iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"}
)
_END_TAG: Final = re.compile(r"</([a-zA-Z]+)")
_PARAGRAPHS: Final = frozenset({
    "address", "article", "aside", "body", "caption", "center", "dd", "details", "dir", "div",
    "dl", "dt", "fieldset", "figure", "footer", "form", "header", "hgroup", "hr", "html",
    "legend", "main", "menu", "p", "pre", "search", "section", "summary", "table", "tbody",
    "tfoot", "thead", "tr",
})  # fmt: skip
_HEADINGS: Final = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h4", "h6": "h4"}
_CONTAINERS: Final = frozenset({"blockquote", "ul", "ol", "li"})
_INLINE: Final = {"a": "a", "b": "b", "strong": "strong", "i": "i", "em": "em", "cite": "em"}
_MAX_INLINE: Final = 32


def blocks(source: str, base: str = "") -> Iterator[Block]:
    """Yield the blocks of an HTML page or fragment that hold text, in order.

    Relative links are resolved against `base`; links to anything but http and https lose the mark.
    Stops after MAX_TOKENS tags and texts.
    """
    builder = _Builder(base, Counter(name.lower() for name in _END_TAG.findall(source)))
    for count, token in enumerate(tokens(source)):
        if count >= MAX_TOKENS:
            break
        yield from builder.take(token)
    yield from builder.end_block()


@dataclass(slots=True)
class _Builder:
    base: str
    ends: Counter[str]
    path: list[tuple[str, int]] = field(default_factory=list)
    numbers: int = 0
    flattened: int = 0
    hidden_in: str = ""
    hidden_depth: int = 0
    name: str | None = None
    original: str = ""
    runs: list[Run] = field(default_factory=list)
    # Open inline tags with their address, and whether they were opened inside the open block.
    inline: list[tuple[str, str, bool]] = field(default_factory=list)
    breaks: int = 0

    def take(self, token: Token) -> Iterator[Block]:
        name = token.name
        self.ends[name] -= token.is_end
        if self.hidden_in:
            self._hide(token)
        elif not name:
            self._text(token.text)
        elif name in _HIDDEN:
            self._hide(token)
        elif name in _INLINE:
            self._inline(token)
        elif name == "br":
            yield from self._break()
        elif name in ("td", "th"):
            self._text(" ")
        elif name in _CONTAINERS:
            yield from self.end_block()
            if token.is_end:
                self._leave(name)
            else:
                self._enter(name)
        elif name in _PARAGRAPHS or name in _HEADINGS:
            yield from self.end_block()
            if not token.is_end and name != "hr":
                self.name, self.original = _HEADINGS.get(name, "p"), name

    def end_block(self) -> Iterator[Block]:
        """Finish the open block, and yield it when it holds text."""
        name, original, runs = self.name, self.original, tidy(self.runs)
        self.name, self.original, self.runs, self.breaks = None, "", [], 0
        self.inline = [mark for mark in self.inline if not mark[2]]
        if runs:
            yield Block(name or "", runs, tuple(self.path), original)

    def _hide(self, token: Token) -> None:
        if not self.hidden_in and not token.is_end:
            # One that nobody closes would hide the rest of the story: it hides nothing.
            is_closed = token.name in _RAW or self.ends[token.name] > 0
            self.hidden_in = token.name if is_closed else ""
        if token.name == self.hidden_in:
            if token.is_end:
                self.hidden_depth -= 1
            elif not token.source.endswith("/"):
                self.hidden_depth += 1
            if not self.hidden_depth:
                self.hidden_in = ""

    def _text(self, text: str) -> None:
        text = SPACE.sub(" ", clean_text(text))
        if not text or (text == " " and not self.runs):
            return
        if self.name is None:
            self._open_implied()
        if text != " ":
            self.breaks = 0
        marks = tuple(dict.fromkeys(name for name, _, _ in self.inline))
        href = next((href for name, href, _ in self.inline if name == "a"), "")
        self.runs.append(Run(text, marks, href))

    def _open_implied(self) -> None:
        if self.path and self.path[-1][0] in ("ul", "ol"):
            self._push("li")
        self.name = "" if self.path and self.path[-1][0] == "li" else "p"

    def _inline(self, token: Token) -> None:
        name = _INLINE[token.name]
        if token.is_end or name == "a":
            for index in range(len(self.inline) - 1, -1, -1):
                if self.inline[index][0] == name:
                    del self.inline[index]
                    break
        if token.is_end or len(self.inline) >= _MAX_INLINE:
            return
        href = web_url(token.attributes().get("href", ""), self.base) if name == "a" else ""
        if name != "a" or href:
            self.inline.append((name, href, self.name is not None))

    def _break(self) -> Iterator[Block]:
        if not self.runs:
            return
        self.breaks += 1
        if self.breaks == 1 or self.name not in ("p", ""):
            self.runs.append(Run("\n"))
            return
        # Two breaks in a row are how old pages part paragraphs.
        name, original = self.name, self.original
        kept = self.inline
        yield from self.end_block()
        self.name, self.original, self.inline = "p" if name == "p" else None, original, kept

    def _enter(self, name: str) -> None:
        if len(self.path) >= MAX_DEPTH:
            self.flattened += 1
            return
        if name == "li":
            inner = [entry[0] for entry in self.path]
            # A new item ends the one before it, unless a list was opened in between.
            for index in range(len(inner) - 1, -1, -1):
                if inner[index] == "li":
                    del self.path[index:]
                    break
                if inner[index] in ("ul", "ol"):
                    break
            if not self.path or self.path[-1][0] not in ("ul", "ol"):
                self._push("ul")
        elif self.path and self.path[-1][0] in ("ul", "ol"):
            self._push("li")
        self._push(name)

    def _leave(self, name: str) -> None:
        if self.flattened:
            self.flattened -= 1
            return
        for index in range(len(self.path) - 1, -1, -1):
            if self.path[index][0] == name:
                del self.path[index:]
                return

    def _push(self, name: str) -> None:
        self.numbers += 1
        self.path.append((name, self.numbers))
