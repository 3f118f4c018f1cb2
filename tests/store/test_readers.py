"""Readers by their address, and addresses that must get nothing."""

from dataclasses import replace
from threading import Thread

import pytest
from sqlalchemy import func, select, update

from mailer.core.addresses import read_address
from mailer.core.readers import MailFormat, ReaderState
from mailer.errors import NotFoundError
from mailer.store.database import Database
from mailer.store.readers import (
    add_reader,
    change_reader,
    find_reader,
    is_suppressed,
    list_readers,
    look_up_reader,
    suppress,
)
from mailer.store.tables import readers, suppressions
from tests.builders import NOON, at, reader
from tests.store.rows import until_somebody_waits

ADDRESS = read_address("Reader-1@Example.org")


def test_a_reader_is_found_however_her_address_is_spelled(database: Database) -> None:
    with database.write() as connection:
        reader_id = add_reader(connection, reader(1), NOON)
        found = find_reader(connection, ADDRESS)
        assert found == replace(reader(1), id=reader_id, created_at=NOON)
        assert look_up_reader(connection, read_address("reader-2@example.org")) is None
        with pytest.raises(NotFoundError, match="no reader 'reader-2@"):
            find_reader(connection, read_address("reader-2@example.org"))


def test_a_change_keeps_the_address_and_the_moment_of_the_first_confirmation(
    database: Database,
) -> None:
    with database.write() as connection:
        pending = reader(1, state=ReaderState.PENDING)
        reader_id = add_reader(connection, pending, NOON)
        confirmed = reader(
            reader_id, email="other@example.org", hour=7, format=MailFormat.TEXT, locale="it"
        )
        change_reader(connection, confirmed, at(1))
        change_reader(connection, replace(confirmed, paused_until_at=at(9)), at(2))
        found = find_reader(connection, ADDRESS)
        assert connection.scalar(select(readers.c.confirmed_at)) == at(1)
    assert (found.email, found.state) == (pending.email, ReaderState.CONFIRMED)
    assert (found.hour, found.format, found.locale) == (7, MailFormat.TEXT, "it")
    assert [found.is_paused(at(hour)) for hour in (8, 9)] == [True, False]


def test_readers_are_listed_by_id_in_pages(database: Database) -> None:
    with database.write() as connection:
        ids = [add_reader(connection, reader(number), NOON) for number in (3, 1, 2)]
        assert [one.id for one in list_readers(connection)] == ids
        assert [one.id for one in list_readers(connection, after_id=ids[0], limit=1)] == ids[1:2]


def test_an_address_is_suppressed_once_and_may_be_again_later(database: Database) -> None:
    with database.write() as connection:
        assert not is_suppressed(connection, ADDRESS)
        assert suppress(connection, ADDRESS.key, "bounced", "5.1.1", NOON)
        assert not suppress(connection, ADDRESS.key, "complained", "", at(1))
        assert is_suppressed(connection, ADDRESS)
        assert not is_suppressed(connection, read_address("other@example.org"))
        connection.execute(update(suppressions).values(ended_at=at(2)))
        assert not is_suppressed(connection, ADDRESS)
        assert suppress(connection, ADDRESS.key, "bounced", "5.1.1", at(3))


@pytest.mark.parametrize("has_reader", [True, False])
def test_two_bounces_of_one_address_at_once_make_one_suppression(
    postgres_database: Database, has_reader: bool
) -> None:
    done: list[bool] = []

    def bounce() -> None:
        with postgres_database.write() as connection:
            done.append(suppress(connection, ADDRESS.key, "bounced", "second", at(1)))

    if has_reader:
        with postgres_database.write() as connection:
            add_reader(connection, reader(1), NOON)
    second = Thread(target=bounce)
    with postgres_database.write() as connection:
        assert suppress(connection, ADDRESS.key, "bounced", "first", NOON)
        second.start()
        until_somebody_waits(postgres_database)
    second.join()
    with postgres_database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(suppressions)) == 1
    assert done == [False]
