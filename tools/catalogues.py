"""Brings the catalogues in line with the code and the templates: `make catalogues`.

New messages come in untranslated, gone ones are set aside, translations are kept. A message without
a translation is shown in English, and a test names it.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from mailer.render.catalogues import FOLDER, load

TOP = Path(__file__).parent.parent
# The calls that name a message, and which of their arguments do.
_KEYWORDS: dict[str, Any] = {
    "say": None,
    "say_count": (1, 2),
    "gettext": None,
    "ngettext": (1, 2),
    "_": None,
}
_JINJA = {
    "trimmed": "true",
    "newstyle_gettext": "true",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "silent": "false",
}
_HEADER = """\
# {name}: what readers see in mails and on pages.
# `make catalogues` brings new messages in; translate the empty ones."""

# `say` means something else in some of them: a word to a mail server.
_OTHERS = {"cli", "operate", "dev", "delivery", "store", "bounces", "ingest", "__pycache__"}
_FLEETING = tuple(
    f'"{name}'
    for name in (
        "POT-Creation-Date",
        "PO-Revision-Date",
        "Generated-By",
        "Last-Translator",
        "Language-Team",
        "Report-Msgid",
        "Project-Id",
    )
)


def extract() -> Catalog:
    """Return every message of the code and the templates, in the order of their files."""
    catalogue = Catalog(project="mailer", charset="utf-8", fuzzy=False)
    for folder, methods, options in (
        ("templates", [("**.html", "jinja2"), ("**.txt", "jinja2")], _JINJA),
        ("mailer", [("**.py", "python")], {}),
    ):
        for name, _line, message, comments, context in _messages(TOP / folder, methods, options):
            # Without line numbers: a catalogue changes when words do.
            catalogue.add(
                message,
                locations=[(f"{folder}/{name}", 0)],
                auto_comments=comments,
                context=context,
            )
    return catalogue


def _messages(folder: Path, methods: list[tuple[str, str]], options: Any) -> Iterator[Any]:
    return iter(
        extract_from_dir(
            str(folder),
            method_map=methods,
            options_map={pattern: options for pattern, _ in methods},
            keywords=_KEYWORDS,
            comment_tags=("Translators:",),
            strip_comment_tags=True,
            directory_filter=_is_for_readers,
        )
    )


def _is_for_readers(folder: str) -> bool:
    """Say whether its words are for readers; operators and developers are spoken to in English."""
    return Path(folder).name not in _OTHERS


def updated(path: Path, template: Catalog) -> bytes:
    """Return a catalogue's file with the messages of the template."""
    locale = Locale.parse(path.stem)
    catalogue = load(path)
    # Puts aside what the template does not have.
    catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False)
    catalogue.header_comment = _HEADER.format(name=locale.english_name)
    out = BytesIO()
    write_po(out, catalogue, width=100, omit_header=False, include_lineno=False)
    kept = [
        line
        for line in out.getvalue().decode("utf-8").split("\n")
        # Facts about the tool and the hour would change with every run.
        if not line.startswith(_FLEETING)
    ]
    return "\n".join(kept).encode("utf-8")


def main() -> None:
    """Update every catalogue, and say what is left to translate."""
    template = extract()
    for path in sorted(FOLDER.glob("*.po")):
        content = updated(path, template)
        path.write_bytes(content)
        left = sum(1 for m in read_po(BytesIO(content)) if m.id and not _said(m.string))
        sys.stdout.write(f"{path.stem}: {len(template)} messages, {left} to translate\n")


def _said(string: Any) -> bool:
    return all(string) if isinstance(string, tuple | list) else bool(string)


if __name__ == "__main__":
    main()
