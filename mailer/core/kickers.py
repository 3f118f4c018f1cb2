"""The kicker: the line of places over a headline, as printed.

Knows where one label ends and how CAPITALS are written in running text. Which tag a label means is
left to the vocabulary.
"""

import re
import unicodedata
from typing import Final

# En and em dashes and their kin part labels wherever they stand, and so do the full-width hyphen,
# slash and bar of Chinese and Japanese, which take no spaces. Plain ones may belong to a name,
# unless they are spaced.
_BORDER: Final = re.compile(r"\s*[\u2012-\u2015\uff0d\uff0f\uff5c]\s*|\s+(?:-{1,3}|/|\|)\s+")

_WORD: Final = re.compile(r"[\w.'’\u0300-\u036f]+")

_SMALL_WORDS: Final = {
    "and", "at", "au", "aux", "by", "da", "das", "de", "del", "della", "den", "der", "di", "do",
    "dos", "du", "e", "el", "en", "et", "for", "from", "in", "la", "las", "le", "les", "los", "of",
    "on", "or", "the", "to", "und", "van", "von", "with", "y",
}  # fmt: skip

# Short names that are read letter by letter, or are usually printed in capitals; with the numerals
# of popes and kings, but without XI, which is also a Chinese surname.
_CAPITALS: Final = {
    "AI", "APEC", "ASEAN", "BRICS", "COVID", "DPRK", "DR", "DRC", "EU", "HIV", "IAEA", "ICC",
    "ILO", "IMF", "ISIS", "KSA", "LGBT", "NATO", "NGO", "OPEC", "PLA", "PNG", "PRC", "ROC", "ROK",
    "SAARC", "SAR", "UAE", "UK", "UN", "UNESCO", "UNHCR", "UNICEF", "US", "USA", "USSR", "WHO",
    "WTO", "II", "III", "IV", "VII", "VIII", "XIII", "XIV", "XV", "XVI", "XXIII",
}  # fmt: skip

_ELIDED: Final = {"d", "l", "dell", "all", "nell"}


def kicker_labels(line: str) -> tuple[str, ...]:
    """Return the labels of a kicker in printed order, each once; empty for a line without letters.

    'CHINA – NORTH KOREA' gives ('China', 'North Korea'). A label in capitals becomes title case,
    any other stays as printed.
    """
    labels: dict[str, str] = {}
    text = unicodedata.normalize("NFC", line).replace("\u2011", "-")  # the non-breaking hyphen
    for part in _BORDER.split(f" {text} "):
        label = " ".join(part.split()).strip("-/|:;, ")
        if any(character.isalnum() for character in label):
            labels.setdefault(label.casefold(), _title(label) if label.isupper() else label)
    return tuple(labels.values())


def _title(label: str) -> str:
    return _WORD.sub(lambda found: _title_word(found[0], first=found.start() == 0), label)


def _title_word(word: str, *, first: bool) -> str:
    if word in _CAPITALS or re.fullmatch(r"(?:\w\.)+\w?|[^\W\d]+\d+", word):
        return word  # Also U.S.A. and G20.
    if word.lower() in _SMALL_WORDS and not first:
        return word.lower()
    if elided := re.fullmatch(r"([A-Z]+)(['’\u02bc])(.+)", word):
        start, apostrophe, rest = elided.groups()
        if start == "O":
            return start + apostrophe + rest.capitalize()
        if start.lower() in _ELIDED:
            start = start.capitalize() if first else start.lower()
            return start + apostrophe + rest.capitalize()
    return word.capitalize()
