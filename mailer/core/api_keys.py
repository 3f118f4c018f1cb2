"""Keys of programs: what they look like, and what each scope allows."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailer.core.hygiene import clean_header
from mailer.errors import InputError

_KEY = re.compile(r"nm_[A-Za-z0-9_-]{43}")


class Scope(StrEnum):
    """What a key may do. Writing a thing includes reading it."""

    STORIES_READ = "stories:read"
    STORIES_WRITE = "stories:write"
    TAGS_READ = "tags:read"
    TAGS_WRITE = "tags:write"
    SUBSCRIPTIONS_READ = "subscriptions:read"
    SUBSCRIPTIONS_WRITE = "subscriptions:write"
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    LETTERS_READ = "letters:read"
    LETTERS_WRITE = "letters:write"
    DELIVERIES_READ = "deliveries:read"
    SUPPRESSIONS_READ = "suppressions:read"
    SUPPRESSIONS_WRITE = "suppressions:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: its hash tells it, `hint` is its first characters for people."""

    id: int
    name: str
    hint: str
    scopes: frozenset[Scope]
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def allows(self, needed: Scope) -> bool:
        """Say whether a scope of this key covers `needed`."""
        writing = needed.value.replace(":read", ":write")
        return needed in self.scopes or writing in self.scopes


def key_text(random: str) -> str:
    """Return the key a program shows; `random` is 32 random bytes in URL-safe base64."""
    return f"nm_{random}"


def looks_like_key(text: str) -> bool:
    """Say whether this can be a key of ours at all."""
    return _KEY.fullmatch(text) is not None


def key_hash(text: str) -> str:
    """Return what is kept of a key: 256 random bits need no slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_scopes(texts: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes a person wrote, commas or not; raises InputError that lists them."""
    words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    try:
        scopes = frozenset(Scope(word.casefold()) for word in words)
    except ValueError as error:
        odd = next(word for word in words if word.casefold() not in list(Scope))
        raise InputError(
            f"unknown scope '{clean_header(odd, 40)}': use {', '.join(Scope)}"
        ) from error
    if not scopes:
        raise InputError(f"a key needs at least one scope: {', '.join(Scope)}")
    return scopes
