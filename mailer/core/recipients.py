"""Who may get mail from an installation that is not the real one."""

import re
from dataclasses import dataclass

from mailer.core.addresses import read_address
from mailer.core.hygiene import clean_header
from mailer.errors import InputError

NOT_ALLOWED = "not on MAILER_ALLOW_RECIPIENTS"


@dataclass(frozen=True, slots=True)
class AllowedRecipients:
    """Patterns of addresses that may get mail; without any, all may.

    `*` stands for any characters, case does not matter: `mina@example.org, *@example.net`.
    """

    patterns: tuple[str, ...] = ()

    def allow(self, address: str) -> bool:
        """Tell whether an address, in any of its spellings, may get mail."""
        if not self.patterns:
            return True
        try:
            read = read_address(address)
        except InputError:
            return False
        spellings = {read.key, read.wire.casefold(), read.shown.casefold()}
        return any(
            re.fullmatch(pattern, spelling)
            for pattern in map(_as_regex, self.patterns)
            for spelling in spellings
        )


EVERYBODY = AllowedRecipients()


def read_allowed_recipients(text: str) -> AllowedRecipients:
    """Read patterns with commas between; raises InputError for one that no address can match."""
    patterns = tuple(part.strip().casefold() for part in text.split(",") if part.strip())
    for pattern in patterns:
        if pattern.count("@") != 1 or pattern.startswith("@") or pattern.endswith("@"):
            raise InputError(
                f"'{clean_header(pattern, 80)}' matches no address: write one like "
                "mina@example.org, or *@example.org for all of a domain"
            )
    return AllowedRecipients(patterns)


def _as_regex(pattern: str) -> str:
    return ".*".join(re.escape(part) for part in pattern.split("*"))
