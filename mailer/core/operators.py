"""Operators: who may do what at the desk. Passwords: core.passwords; sessions: the store."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailer.core.hygiene import clean_header
from mailer.errors import InputError

SESSION_IDLE = timedelta(hours=12)
SESSION_LIFE = timedelta(days=7)
# How long a one-time link to set a password is good.
LINK_LIFE = timedelta(hours=48)
# Export, erasure and sending to many ask for the password again after so long.
FRESH = timedelta(minutes=15)


class Role(StrEnum):
    """Each role may do all that the ones before it may.

    A viewer looks; an editor writes stories, tags and newsletters; an operator steers runs,
    schedules and readers; an admin keeps operators, keys and webhooks, and erases.
    """

    VIEWER = "viewer"
    EDITOR = "editor"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Say whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who works at the desk.

    `verified_at` when she has shown that the account is hers: by setting a password through the
    one-time link, or because an administrator set it. Test mails go to verified operators only.
    """

    id: int
    email: str
    email_key: str
    name: str
    role: Role
    created_at: datetime
    verified_at: datetime | None = None
    ended_at: datetime | None = None
    has_second_factor: bool = False

    @property
    def is_verified(self) -> bool:
        """Whether mail may be sent to her for a test."""
        return self.verified_at is not None and self.ended_at is None


def read_role(text: str) -> Role:
    """Return the role a person wrote; raises InputError that lists them."""
    try:
        return Role(text.strip().casefold())
    except ValueError as error:
        known = ", ".join(Role)
        raise InputError(f"unknown role '{clean_header(text, 40)}': use {known}") from error
