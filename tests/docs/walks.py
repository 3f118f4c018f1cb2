"""A reader who types what a page tells her, in a folder of her own."""

from pathlib import Path

import pytest

from tests.cli.conftest import Mailer, Result
from tests.docs.documents import Block, Step


class Walk:
    """Types steps in order. `mine` is what she writes in the place of a line that is the page's."""

    def __init__(
        self,
        mailer: Mailer,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        mine: dict[str, str] | None = None,
    ) -> None:
        self._mailer = mailer
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._mine = mine or {}
        self.count = 0

    def take(self, block: Block) -> None:
        """Do what a block says: write its file, or type its commands and look at the answers."""
        if block.title:
            path = self._folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, encoding="utf-8")
        elif block.kind == "console":
            for step in block.steps:
                self._type(step)

    def _type(self, step: Step) -> None:
        words = step.words
        if words[0] == "export":
            for word in words[1:]:
                name, _, value = word.partition("=")
                self._monkeypatch.setenv(name, self._mine.get(name, value))
            return
        assert words[0] == "mailer", f"'{step.line}' is nothing this walk knows: use a block of sh"
        out = Path()
        if ">" in words:
            words, out = words[: words.index(">")], self._folder / words[-1]
        done: Result = self._mailer(*words[1:])
        assert done.code == 0, f"{step.line}\n{done.out}{done.err}"
        if out.name:
            out.write_text(done.out, encoding="utf-8")
        printed = done.out + done.err
        assert step.is_kept(printed), f"$ {step.line}\n{printed}\nThe page says:\n{step.shown}"
        self.count += 1
