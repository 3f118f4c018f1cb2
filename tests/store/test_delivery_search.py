"""Looking for deliveries by whom they go to."""

from sqlalchemy import update

from mailer.core.readers import Cadence
from mailer.store.database import Database
from mailer.store.delivery_search import DeliverySearch, search_deliveries
from mailer.store.ledger_tables import deliveries
from mailer.store.runs import latest_run
from mailer.store.tables import readers
from tests.store.rows import open_room, statements


def found(database: Database, words: str) -> list[int]:
    with database.read() as connection:
        rows = search_deliveries(connection, DeliverySearch(reader=words))
    return [row.id for row in rows]


def test_a_part_of_an_address_finds_mail_to_its_readers(database: Database) -> None:
    room = open_room(database, readers=3)
    first, second, third = room.delivery_ids
    with database.write() as connection:
        connection.execute(
            update(readers)
            .where(readers.c.id == room.subscribers[1].reader_id)
            .values(email="Ann_100%@odd.example", email_key="ann_100%@odd.example")
        )
    assert found(database, "odd.example") == [second]
    assert found(database, "ANN_100%@") == [second]
    # What stands for anything in SQL stands for itself here.
    assert found(database, "_") == [second]
    assert found(database, "nobody") == []
    assert set(found(database, "@")) == {first, second, third}


def test_what_a_reader_has_no_more_is_found_on_old_mail(database: Database) -> None:
    room = open_room(database, readers=2)
    with database.write() as connection:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == room.delivery_ids[0])
            .values(email="old@gone.example", email_key="old@gone.example")
        )
    assert found(database, "old@gone") == [room.delivery_ids[0]]


def test_mail_of_a_reader_is_read_by_the_index_of_readers(database: Database) -> None:
    open_room(database, readers=2)
    with database.read() as connection, statements(connection) as sent:
        search_deliveries(connection, DeliverySearch(reader="@"))
    assert any("deliveries.reader_id IN" in words for words, _ in sent)
    assert not any("lower(deliveries.email_key)" in words for words, _ in sent)


def test_the_latest_run_is_of_the_newsletter_and_cadence(database: Database) -> None:
    room = open_room(database, readers=1)
    with database.read() as connection:
        run = latest_run(connection, "asia", Cadence.DAILY)
        assert run is not None
        assert run.id == room.run_id
        assert latest_run(connection, "asia", Cadence.WEEKLY) is None
        assert latest_run(connection, "europe", Cadence.DAILY) is None
