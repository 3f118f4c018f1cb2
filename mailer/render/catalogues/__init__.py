"""The catalogues: what mails and pages say in other languages than English.

They are `.po` files beside this one, which translators edit, and are compiled when they are first
read. `make catalogues` brings new messages into them.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER: Final = Path(__file__).parent


@cache
def read_catalogue(name: str) -> NullTranslations:
    """Return the messages of a catalogue such as "it"; without one, English stays."""
    path = FOLDER / f"{name}.po"
    if not path.is_file():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=name)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
