"""Operators: added, signed in, kept out, and signed out by what changes them."""

from datetime import timedelta

import pyotp
import pytest

from mailer.core.addresses import read_address
from mailer.core.operators import Role
from mailer.errors import InputError
from mailer.flows.add_operator import AddedOperator, add_operator, link_hash
from mailer.flows.change_operator import change_operator
from mailer.flows.set_password import change_own_password, set_password_by_link, whose_link
from mailer.flows.sign_in import TooManyTries, confirm_password, sign_in
from mailer.store.audit import list_changes
from mailer.store.database import Database
from mailer.store.operator_sessions import (
    Session,
    find_session,
    record_sign_in,
)
from mailer.store.operators import change_operator_row, list_operators
from tests.builders import NOON

MINA = "mina@news.example"
PASSWORD = "correct horse battery"
HOME = "192.0.2.7"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LATER = timedelta(minutes=16)


@pytest.fixture
def desk(database: Database) -> Database:
    """A database with one admin."""
    added = add_operator(database, MINA, role=None, password=PASSWORD, actor="test", now=NOON)
    assert added.operator.role is Role.ADMIN
    assert added.link_token == ""
    return database


def session_of(database: Database, token: str, now: object = NOON) -> Session | None:
    with database.read() as connection:
        return find_session(connection, link_hash(token), now)  # type: ignore[arg-type]


def test_the_right_password_starts_a_session(desk: Database) -> None:
    signed = sign_in(desk, MINA.upper(), PASSWORD, address=HOME, now=NOON)
    session = session_of(desk, signed.token)
    assert session is not None
    assert session.operator.email == MINA
    assert session_of(desk, "another token") is None


def test_a_session_ends_by_idling_and_by_age(desk: Database) -> None:
    token = sign_in(desk, MINA, PASSWORD, address=HOME, now=NOON).token
    assert session_of(desk, token, NOON + timedelta(hours=11)) is not None
    assert session_of(desk, token, NOON + timedelta(hours=13)) is None


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (MINA, "wrong horse battery"),
        (MINA, ""),
        ("nobody@news.example", PASSWORD),
        ("no address", PASSWORD),
    ],
)
def test_what_is_wrong_is_not_told(desk: Database, email: str, password: str) -> None:
    with pytest.raises(InputError, match="address, password or code is not right"):
        sign_in(desk, email, password, address=HOME, now=NOON)


@pytest.mark.parametrize("whom", [MINA, "nobody@news.example"])
def test_five_wrong_passwords_close_an_account_for_a_while(desk: Database, whom: str) -> None:
    with pytest.raises(InputError, match="not right"):
        sign_in(desk, whom, "wrong horse battery", address="192.0.2.1", now=NOON)
    failed(desk, whom, "192.0.2.2", 4)
    with pytest.raises(TooManyTries):
        sign_in(desk, whom, PASSWORD, address=HOME, now=NOON)
    if whom == MINA:
        assert sign_in(desk, MINA, PASSWORD, address=HOME, now=NOON + LATER).token


def failed(database: Database, email: str, address: str, count: int) -> None:
    with database.write() as connection:
        for _ in range(count):
            record_sign_in(connection, email, address, NOON)


def test_thirty_failures_close_a_network_address(desk: Database) -> None:
    failed(desk, "others@news.example", HOME, 29)
    assert sign_in(desk, MINA, PASSWORD, address=HOME, now=NOON).token
    failed(desk, "others@news.example", HOME, 1)
    with pytest.raises(TooManyTries):
        sign_in(desk, MINA, PASSWORD, address=HOME, now=NOON)
    assert sign_in(desk, MINA, PASSWORD, address="192.0.2.9", now=NOON).token


def test_a_success_forgets_the_failures_before_it(desk: Database) -> None:
    for _ in range(3):
        failed(desk, MINA, HOME, 4)
        assert sign_in(desk, MINA, PASSWORD, address=HOME, now=NOON).token


def test_a_second_factor_is_asked_for_and_works_once(desk: Database) -> None:
    with desk.write() as connection:
        operator = list_operators(connection)[0]
        change_operator_row(connection, operator.id, totp_secret=SECRET)
    code = pyotp.TOTP(SECRET).at(int(NOON.timestamp()))
    with pytest.raises(InputError, match="not right"):
        sign_in(desk, MINA, PASSWORD, address=HOME, now=NOON)
    assert sign_in(desk, MINA, PASSWORD, code, address=HOME, now=NOON).token
    with pytest.raises(InputError, match="not right"):
        sign_in(desk, MINA, PASSWORD, code, address=HOME, now=NOON)


def joined(desk: Database) -> AddedOperator:
    return add_operator(
        desk, "jun@news.example", role=Role.EDITOR, name="Jun", actor=MINA, now=NOON
    )


def test_a_one_time_link_sets_a_password_once(desk: Database) -> None:
    added = joined(desk)
    assert not added.operator.is_verified
    assert whose_link(desk, added.link_token, now=NOON).email == "jun@news.example"
    with pytest.raises(InputError, match="too short"):
        set_password_by_link(desk, added.link_token, "short", now=NOON)
    set_password_by_link(desk, added.link_token, "another good one", now=NOON)
    assert sign_in(desk, "jun@news.example", "another good one", address=HOME, now=NOON).token
    with pytest.raises(InputError, match="used up or too old"):
        set_password_by_link(desk, added.link_token, "a third good one", now=NOON)
    with desk.read() as connection:
        assert all(operator.is_verified for operator in list_operators(connection))


def test_a_one_time_link_grows_old(desk: Database) -> None:
    added = joined(desk)
    with pytest.raises(InputError, match="used up or too old"):
        whose_link(desk, added.link_token, now=NOON + timedelta(hours=49))


def test_nobody_signs_in_before_she_has_a_password(desk: Database) -> None:
    joined(desk)
    with pytest.raises(InputError, match="not right"):
        sign_in(desk, "jun@news.example", "", address=HOME, now=NOON)


@pytest.mark.parametrize(
    "change",
    [
        {"role": Role.VIEWER},
        {"working": False},
        {"password": "a whole new password"},
        {"new_link": True},
    ],
    ids=str,
)
def test_a_change_ends_all_sessions(desk: Database, change: dict[str, object]) -> None:
    added = joined(desk)
    set_password_by_link(desk, added.link_token, "another good one", now=NOON)
    token = sign_in(desk, "jun@news.example", "another good one", address=HOME, now=NOON).token
    assert session_of(desk, token) is not None
    change_operator(desk, "jun@news.example", **change, actor=MINA, now=NOON)  # type: ignore[arg-type]
    assert session_of(desk, token) is None


def test_changing_ones_own_password_needs_the_old_one_and_ends_the_session(desk: Database) -> None:
    token = sign_in(desk, MINA, PASSWORD, address=HOME, now=NOON).token
    session = session_of(desk, token)
    assert session is not None
    with pytest.raises(InputError, match="old password is not right"):
        change_own_password(desk, session.operator, "wrong", "quite another one", now=NOON)
    change_own_password(desk, session.operator, PASSWORD, "quite another one", now=NOON)
    assert session_of(desk, token) is None
    assert sign_in(desk, MINA, "quite another one", address=HOME, now=NOON).token


def test_the_last_admin_stays(desk: Database) -> None:
    for change in ({"role": Role.VIEWER}, {"working": False}):
        with pytest.raises(InputError, match="is the only admin"):
            change_operator(desk, MINA, **change, actor=MINA, now=NOON)


def test_confirming_a_password_counts_towards_the_limits(desk: Database) -> None:
    confirm_password(desk, MINA, PASSWORD, address=HOME, now=NOON)
    with pytest.raises(InputError, match="not right"):
        confirm_password(desk, MINA, "wrong horse battery", address=HOME, now=NOON)
    failed(desk, MINA, HOME, 4)
    with pytest.raises(TooManyTries):
        confirm_password(desk, MINA, PASSWORD, address=HOME, now=NOON)


def test_every_change_stands_in_the_audit_log(desk: Database) -> None:
    joined(desk)
    change_operator(desk, "jun@news.example", role=Role.OPERATOR, actor=MINA, now=NOON)
    sign_in(desk, MINA, PASSWORD, address=HOME, now=NOON)
    with desk.read() as connection:
        entries = [(e.actor, e.action, e.subject, e.detail) for e in list_changes(connection)]
    assert entries == [
        (MINA, "signed in", MINA, ""),
        (MINA, "operator changed", "jun@news.example", "role editor to operator"),
        (MINA, "operator added", "jun@news.example", "role editor"),
        ("test", "operator added", MINA, "role admin"),
    ]


def test_an_operator_is_added_once_and_the_first_is_an_admin(database: Database) -> None:
    with pytest.raises(InputError, match="must be an admin"):
        add_operator(database, MINA, role=Role.VIEWER, actor="test", now=NOON)
    add_operator(database, MINA, role=None, actor="test", now=NOON)
    with pytest.raises(InputError, match="is an operator already"):
        add_operator(database, MINA.upper(), role=None, actor="test", now=NOON)
    second = add_operator(database, "b@news.example", role=None, actor="test", now=NOON)
    assert second.operator.role is Role.VIEWER
    assert second.operator.email_key == read_address("b@news.example").key
