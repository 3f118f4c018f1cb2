"""Who may do what, which passwords are good, and when a code fits."""

from datetime import timedelta

import pyotp
import pytest
from argon2 import PasswordHasher

from mailer.core.api_keys import ApiKey, Scope, key_text, looks_like_key, read_scopes
from mailer.core.operators import Role, read_role
from mailer.core.passwords import NOBODY, fits, hash_password, read_password
from mailer.core.second_factor import enrolment_link, matching_step
from mailer.errors import InputError
from tests.builders import NOON

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_each_role_may_what_the_ones_before_it_may() -> None:
    covered = {role: [needed for needed in Role if role.covers(needed)] for role in Role}
    assert covered[Role.VIEWER] == [Role.VIEWER]
    assert covered[Role.EDITOR] == [Role.VIEWER, Role.EDITOR]
    assert covered[Role.OPERATOR] == [Role.VIEWER, Role.EDITOR, Role.OPERATOR]
    assert covered[Role.ADMIN] == list(Role)


def test_an_unknown_role_is_named_with_the_known_ones() -> None:
    assert read_role(" Admin ") is Role.ADMIN
    with pytest.raises(InputError, match="unknown role 'boss': use viewer, editor"):
        read_role("boss")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "too short"),
        ("x" * 257, "too long"),
        ("abababababababab", "repeats itself"),
        ("mina@example.org", "must not be the address"),
        ("MINA@example.org", "must not be the address"),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused(password: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_password(password, "mina@example.org")


def test_a_password_fits_its_own_hash_only() -> None:
    kept = hash_password("correct horse battery", b"sixteen bytes ok")
    assert kept.startswith("$argon2id$")
    assert fits("correct horse battery", kept)
    assert not fits("correct horse batterz", kept)
    assert not fits("correct horse battery", "")
    assert not fits("correct horse battery", "not a hash")
    assert not fits("x" * 10_000, kept)


def test_the_hash_of_nobody_costs_what_a_real_one_costs(real_hasher: PasswordHasher) -> None:
    real = real_hasher.hash("correct horse battery")
    assert (real_hasher.memory_cost, real_hasher.time_cost) >= (64 * 1024, 3)  # RFC 9106.
    assert NOBODY.split("$")[:4] == real.split("$")[:4]
    assert not fits("correct horse battery", NOBODY)


def test_a_code_works_once_and_with_one_step_of_difference() -> None:
    totp = pyotp.TOTP(SECRET)
    now = int(NOON.timestamp())
    step = now // 30
    code = totp.at(now)
    assert matching_step(SECRET, code, NOON, 0) == step
    assert matching_step(SECRET, f"{code[:3]} {code[3:]}", NOON, 0) == step
    assert matching_step(SECRET, code, NOON, step) is None
    assert matching_step(SECRET, totp.at(now - 30), NOON, 0) == step - 1
    assert matching_step(SECRET, totp.at(now + 30), NOON, 0) == step + 1
    assert matching_step(SECRET, code, NOON + timedelta(seconds=90), 0) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "0" * 100_000])
def test_what_is_no_code_never_fits(code: str) -> None:
    assert matching_step(SECRET, code, NOON, 0) is None


def test_the_enrolment_link_names_address_and_issuer() -> None:
    link = enrolment_link(SECRET, "mina@example.org", "Asia Desk")
    assert link.startswith("otpauth://totp/Asia%20Desk:mina%40example.org?secret=")


def test_scopes_are_read_with_commas_or_without() -> None:
    wanted = {Scope.STORIES_WRITE, Scope.RUNS_READ}
    assert read_scopes(["stories:write,runs:read"]) == wanted
    assert read_scopes(["stories:write", " RUNS:read "]) == wanted
    with pytest.raises(InputError, match="unknown scope 'everything'"):
        read_scopes(["stories:write,everything"])
    with pytest.raises(InputError, match="at least one scope"):
        read_scopes([","])


def test_a_key_that_may_write_may_read() -> None:
    key = ApiKey(1, "cms", "nm_abc", frozenset({Scope.STORIES_WRITE}), NOON)
    assert key.allows(Scope.STORIES_WRITE)
    assert key.allows(Scope.STORIES_READ)
    assert not key.allows(Scope.RUNS_READ)


def test_only_what_is_formed_like_a_key_is_looked_up() -> None:
    assert looks_like_key(key_text("A" * 43))
    assert not looks_like_key("nm_")
    assert not looks_like_key(key_text("A" * 42))
    assert not looks_like_key(key_text("A" * 43) + "\n")
