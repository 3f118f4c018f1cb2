"""Sign in: address, password and, where one is set, a one-time code."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.core.addresses import read_address
from mailer.core.passwords import NOBODY, fits
from mailer.core.second_factor import matching_step
from mailer.errors import InputError
from mailer.flows.add_operator import link_hash
from mailer.store.audit import record_change
from mailer.store.database import Connection, Database
from mailer.store.operator_sessions import (
    failures_since,
    record_sign_in,
    sign_in_succeeded,
    start_session,
)
from mailer.store.operators import change_operator_row, look_up_operator, secrets_of

_SPAN = timedelta(minutes=15)
# Five guesses a quarter of an hour: 175,000 a year against one account.
_MOST_OF_ACCOUNT = 5
# An office may sit behind one address.
_MOST_OF_ADDRESS = 30
_WRONG = "address, password or code is not right"


class TooManyTries(InputError):  # noqa: N818 - named for what it is
    """Nobody is let in for a while, right or wrong."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The cookie's value, kept nowhere in clear, and whom it lets in."""

    token: str
    email: str


def sign_in(
    database: Database, email: str, password: str, code: str = "", *, address: str, now: datetime
) -> SignedIn:
    """Start a session; raises InputError without saying what was wrong, or TooManyTries.

    Unknown accounts take as long as known ones, and count towards the limits the same way.
    """
    try:
        whom = read_address(email)
    except InputError as error:
        fits(password, NOBODY)
        raise InputError(_WRONG) from error
    with database.write() as connection:
        # The attempt is on record before the password is looked at: a hundred at once count too.
        _keep_limits(connection, whom.key, address, now)
        attempt = record_sign_in(connection, whom.key, address, now)
    with database.read() as connection:
        operator = look_up_operator(connection, whom)
        kept = ""
        if operator is not None and operator.ended_at is None:
            kept, _, _ = secrets_of(connection, operator.id)
    # Outside any transaction: hashing takes a twentieth of a second.
    if not fits(password, kept or NOBODY) or operator is None or not kept:
        raise InputError(_WRONG)
    with database.write() as connection:
        still, secret, used_step = secrets_of(connection, operator.id)
        if still != kept:
            raise InputError(_WRONG)
        if secret:
            step = matching_step(secret, code, now, used_step)
            if step is None:
                raise InputError(_WRONG)
            change_operator_row(connection, operator.id, totp_step=step)
        sign_in_succeeded(connection, attempt)
        token = secrets.token_urlsafe(32)
        start_session(connection, operator.id, link_hash(token), secrets.token_urlsafe(32), now)
        record_change(
            connection,
            actor=operator.email,
            action="signed in",
            subject=operator.email,
            address=address,
            now=now,
        )
    return SignedIn(token, operator.email)


def confirm_password(
    database: Database, email: str, password: str, *, address: str, now: datetime
) -> None:
    """Check a password once more before something grave; the same limits, the same words."""
    whom = read_address(email)
    with database.write() as connection:
        _keep_limits(connection, whom.key, address, now)
        attempt = record_sign_in(connection, whom.key, address, now)
    with database.read() as connection:
        operator = look_up_operator(connection, whom)
        kept = secrets_of(connection, operator.id)[0] if operator else ""
    if not fits(password, kept or NOBODY) or not kept:
        raise InputError("the password is not right")
    with database.write() as connection:
        sign_in_succeeded(connection, attempt)


def _keep_limits(connection: Connection, email_key: str, address: str, now: datetime) -> None:
    since = now - _SPAN
    if (
        failures_since(connection, email_key=email_key, since=since) >= _MOST_OF_ACCOUNT
        or failures_since(connection, address=address, since=since) >= _MOST_OF_ADDRESS
    ):
        raise TooManyTries("too many tries: wait a quarter of an hour")
