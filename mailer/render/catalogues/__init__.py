"""The catalogues: what mails and pages say in other languages than English.

They are `.po` files beside this one, which translators edit, and are compiled when they are first
read. `make catalogues` brings new messages into them. A message that is gone is set aside (`#~`):
its translation still counts, should it come back.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER: Final = Path(__file__).parent


@cache
def read_catalogue(name: str) -> NullTranslations:
    """Return the messages of a catalogue such as "it"; without one, English stays."""
    path = FOLDER / f"{name}.po"
    if not path.is_file():
        return NullTranslations()
    catalogue = load(path)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def load(path: Path) -> Catalog:
    """Return the catalogue of a file, with what was set aside among its messages."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    for message in list(catalogue.obsolete.values()):
        if message.id not in catalogue:
            catalogue[message.id] = message
    catalogue.obsolete.clear()
    return catalogue
