"""Fields of a JSON object, read with the type they must have and a reason when they don't."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from mailer.core.hygiene import clean_header
from mailer.errors import InputError
from mailer.ingest.dates import read_instant
from mailer.ingest.links import web_url

_SHOWN_CHARACTERS: Final = 60


class Record:
    """A JSON object. Every reader takes names of one field, the first that is there counts.

    A field that is null is not there. All raise InputError with field, value and mend.
    """

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def find(self, *names: str) -> tuple[str, object]:
        """Return the name and value of a field; (first name, None) when it is not there."""
        for name in names:
            if (value := self._values.get(name)) is not None:
                return name, value
        return names[0], None

    def text(self, *names: str) -> str:
        """Return text; empty when not there."""
        name, value = self.find(*names)
        if value is None or isinstance(value, str):
            return value or ""
        raise wrong(name, value, "write text in quotes")

    def word(self, *names: str) -> str:
        """Return text or a whole number as text: what people use for ids."""
        name, value = self.find(*names)
        if isinstance(value, int) and not isinstance(value, bool):
            # Python writes no more than 4,300 digits; 64 bits take 20.
            if value.bit_length() <= 64:
                return str(value)
            raise InputError(f"{name} is too large a number: write text in quotes")
        return self.text(name)

    def url(self, *names: str, base: str = "") -> str:
        """Return an http or https address; empty when not there."""
        name = self.find(*names)[0]
        written = self.text(name).strip()
        url = web_url(written, base)
        if written and not url:
            raise wrong(name, written, "write an address that begins with http:// or https://")
        return url

    def instant(self, *names: str) -> datetime | None:
        """Return an instant in UTC; None when not there."""
        name = self.find(*names)[0]
        written = self.text(name)
        instant = read_instant(written)
        if written.strip() and instant is None:
            raise wrong(name, written, "write it as 2023-10-16T19:20:00+00:00")
        return instant

    def flag(self, *names: str) -> bool:
        """Return true or false; false when not there."""
        name, value = self.find(*names)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise wrong(name, value, "write true or false")

    def members(self, *names: str) -> tuple[object, ...]:
        """Return the members of a list; empty when not there."""
        name, value = self.find(*names)
        if value is None or isinstance(value, list):
            return tuple(value or ())
        raise wrong(name, value, "write a list in brackets")

    def labels(self, *names: str) -> tuple[str, ...]:
        """Return a list of texts, or one text as a list of itself."""
        name, value = self.find(*names)
        if isinstance(value, str):
            return (value,)
        labels = self.members(name)
        for label in labels:
            if not isinstance(label, str):
                raise wrong(name, label, "write each in quotes")
        return tuple(str(label) for label in labels)


def wrong(name: str, value: object, mend: str) -> InputError:
    """Return the error about a field's value."""
    # Only the beginning is shown, and megabytes of it must not be copied for that.
    if isinstance(value, list | dict):
        shown = "a list" if isinstance(value, list) else "an object"
    else:
        shown = json.dumps(value[:200] if isinstance(value, str) else value, ensure_ascii=False)
    return InputError(f"{name} is {clean_header(shown, _SHOWN_CHARACTERS)}: {mend}")
