"""Languages of texts: which tag may stand in HTML, and which way it is written."""

import re

_TAG = re.compile("[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_RIGHT_TO_LEFT = frozenset(("ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"))


def language_of(text: str) -> str:
    """Return a language tag as HTML takes it (BCP 47), empty when `text` is none."""
    tag = text.strip().replace("_", "-")
    return tag if _TAG.fullmatch(tag) else ""


def direction_of(language: str) -> str:
    """Return `rtl` or `ltr` for a language tag."""
    return "rtl" if language.split("-", maxsplit=1)[0].lower() in _RIGHT_TO_LEFT else "ltr"


def same_language(tag: str, other: str) -> bool:
    """Say whether no tag is needed: unknown, or the same language whatever the region."""
    return (
        not tag or tag.split("-", maxsplit=1)[0].lower() == other.split("-", maxsplit=1)[0].lower()
    )
