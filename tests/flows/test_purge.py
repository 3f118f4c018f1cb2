"""What ages is deleted when it is over, in small steps; the ledger keeps every row."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, func, insert, select, update

from mailer.core.retention import Retention
from mailer.delivery.memory import MemoryBackend
from mailer.flows.purge import purge
from mailer.ports import Deferred
from mailer.store.aged import aged_rows, delete_aged, find_aged
from mailer.store.api_tables import api_answers
from mailer.store.edition_tables import edition_contents, editions
from mailer.store.editions import add_edition
from mailer.store.import_tables import (
    import_lines,
    import_pieces,
    import_rejects,
    reader_imports,
)
from mailer.store.ledger_tables import deliveries, delivery_events, delivery_items
from mailer.store.operator_tables import api_keys, operator_sessions, operators, sign_ins
from mailer.store.reader_tables import address_requests, limits, subscription_requests
from tests.flows.conftest import DAY, NOON, Newsroom

KEEP = Retention()
LATER = NOON + 400 * DAY
MINA = "mina@reader.example"


def count(newsroom: Newsroom, table: object) -> int:
    with newsroom.database.read() as connection:
        found: int = connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]
        return found


def sent(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    newsroom.publish("one", "China")
    newsroom.send()


def _request(at: datetime, confirmed_at: datetime | None = None) -> dict[str, object]:
    return {
        "email": "a@reader.example",
        "email_key": "a@reader.example",
        "newsletter_id": 1,
        "follows": [],
        "locale": "en",
        "timezone": "UTC",
        "consent": "",
        "source": "test",
        "requested_at": at,
        "confirmed_at": confirmed_at,
    }


def _age(connection: Connection, at: datetime, name: str) -> None:
    """One row of each kind but editions, which was last needed at this moment."""
    connection.execute(insert(subscription_requests).values(_request(at)))
    connection.execute(
        insert(address_requests).values(
            reader_id=1, email="b@reader.example", email_key="b@reader.example", requested_at=at
        )
    )
    key_id = connection.execute(
        insert(api_keys)
        .values(name=name, hint=name, key_hash=name, scopes=[], created_at=at)
        .returning(api_keys.c.id)
    ).scalar_one()
    for answer in range(3):
        connection.execute(
            insert(api_answers).values(
                key_id=key_id, name=f"{name}-{answer}", fingerprint="", asked_at=at
            )
        )
    operator_id = connection.execute(
        insert(operators)
        .values(email=name, email_key=name, role="viewer", created_at=at)
        .returning(operators.c.id)
    ).scalar_one()
    connection.execute(
        insert(operator_sessions).values(
            operator_id=operator_id,
            token_hash=name,
            csrf_token="",
            created_at=at,
            seen_at=at,
            confirmed_at=at,
        )
    )
    connection.execute(
        insert(sign_ins).values(email_key=name, address="127.0.0.1", at=at, succeeded=False)
    )
    connection.execute(insert(limits).values(key=name, full_at=at))
    _age_import(connection, at, name)


def _age_import(connection: Connection, at: datetime, name: str) -> None:
    import_id = connection.execute(
        insert(reader_imports)
        .values(
            name=name,
            actor="test",
            state="done",
            confirmed=False,
            consent="",
            reading={},
            size_bytes=1,
            found={},
            notes=[],
            created_at=at,
            ended_at=at,
        )
        .returning(reader_imports.c.id)
    ).scalar_one()
    connection.execute(insert(import_pieces).values(import_id=import_id, position=0, content=b"x"))
    connection.execute(insert(import_lines).values(import_id=import_id, email_key=name, line=1))
    connection.execute(
        insert(import_rejects).values(
            import_id=import_id, line=2, email_key="", email="", reason="", mend="", cells=[]
        )
    )


OLD = {
    "editions": 1,
    "edition contents": 1,
    "subscription requests": 1,
    "address requests": 1,
    "API answers": 3,
    "sessions": 1,
    "sign-ins": 1,
    "webhook messages": 0,
    "files of imports": 1,
    "lines of imports": 1,
    "rejected lines": 1,
    "imports": 1,
    "limits": 1,
}


def test_what_is_over_goes_and_what_is_not_stays(newsroom: Newsroom) -> None:
    sent(newsroom)
    with newsroom.database.write() as connection:
        _age(connection, NOON, "old")
        _age(connection, LATER, "young")
        connection.execute(insert(subscription_requests).values(_request(NOON, NOON)))
    ledger = [count(newsroom, table) for table in (deliveries, delivery_items, delivery_events)]

    assert purge(newsroom.database, KEEP, now=LATER).counts == OLD

    young = (reader_imports, import_pieces, import_lines, import_rejects)
    for table in (address_requests, operator_sessions, sign_ins, limits, *young):
        assert count(newsroom, table) == 1, table.name
    assert count(newsroom, api_answers) == 3
    # The young one, and the proof of a consent.
    assert count(newsroom, subscription_requests) == 2
    assert ledger == [
        count(newsroom, table) for table in (deliveries, delivery_items, delivery_events)
    ]
    assert purge(newsroom.database, KEEP, now=LATER).counts == dict.fromkeys(OLD, 0)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("editions", KEEP.editions),
        ("subscription requests", KEEP.requests),
        ("address requests", KEEP.requests),
        ("API answers", DAY),
        ("sessions", 7 * DAY + KEEP.sessions),
        ("sign-ins", KEEP.sessions),
        ("imports", KEEP.imports),
        ("rejected lines", KEEP.imports),
        ("limits", timedelta(0)),
    ],
)
def test_each_kind_is_kept_as_long_as_it_is_said(
    newsroom: Newsroom, name: str, kept: timedelta
) -> None:
    sent(newsroom)
    with newsroom.database.write() as connection:
        _age(connection, NOON, "old")

    assert purge(newsroom.database, KEEP, now=NOON + kept).counts[name] == 0
    over = purge(newsroom.database, KEEP, now=NOON + kept + timedelta(seconds=1))
    assert over.counts[name] == OLD[name]


def test_it_goes_batch_by_batch_and_stops_when_told(newsroom: Newsroom) -> None:
    sent(newsroom)
    with newsroom.database.write() as connection:
        _age(connection, NOON, "old")
    asked = iter([True] * 6)

    done = purge(newsroom.database, KEEP, now=LATER, batch=1, go_on=lambda: next(asked, False))

    # One batch that finds a row and one that finds none, three times.
    assert done.more
    assert done.counts == {
        "editions": 1,
        "edition contents": 1,
        "subscription requests": 1,
        "address requests": 0,
    }
    rest = purge(newsroom.database, KEEP, now=LATER, batch=2)
    assert not rest.more
    assert rest.counts["API answers"] == 3


def test_the_edition_of_a_mail_that_may_go_again_is_kept(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    newsroom.publish("one", "China")
    newsroom.send(backend=MemoryBackend(answers=lambda _: Deferred(451, "4.2.1 try later")))

    assert purge(newsroom.database, KEEP, now=LATER).counts["editions"] == 0
    assert count(newsroom, edition_contents) == 1


def test_a_content_that_is_named_again_meanwhile_is_kept(newsroom: Newsroom) -> None:
    sent(newsroom)
    with newsroom.database.write() as connection:
        connection.execute(editions.delete())
        [name] = connection.scalars(select(edition_contents.c.name))
    [contents] = [one for one in aged_rows(KEEP, LATER) if one.table is edition_contents]
    with newsroom.database.read() as connection:
        keys = find_aged(connection, contents, 10)
    assert keys == [(name,)]

    with newsroom.database.write() as connection:
        add_edition(connection, 1, "en", "html", name=name, packed=b"the same", now=LATER)
    with newsroom.database.write() as connection:
        assert delete_aged(connection, contents, keys) == 0
        connection.execute(editions.delete())
        # Nobody names it, but somebody was about to: its time begins anew.
        assert delete_aged(connection, contents, keys) == 0
        connection.execute(update(edition_contents).values(stored_at=NOON))
        assert delete_aged(connection, contents, keys) == 1
