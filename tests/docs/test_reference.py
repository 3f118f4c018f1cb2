"""What is generated from the code is what the code says now."""

import pytest

from mailer.settings import Settings
from tools.reference import FOLDER, pages

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_is_fresh(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == PAGES[name], "run `make reference` and commit what it writes"


def test_every_setting_says_what_it_means() -> None:
    silent = [name for name, field in Settings.model_fields.items() if not field.description]
    assert not silent, "write a docstring below it in mailer/settings.py"


def test_every_command_and_call_says_what_it_does() -> None:
    for page in ("commands.md", "api.md"):
        for part in PAGES[page].split("\n## ")[1:]:
            heading, _, usage, _, words, *_ = part.split("\n")
            assert usage.startswith("`"), heading
            assert len(words.split()) > 1, heading
