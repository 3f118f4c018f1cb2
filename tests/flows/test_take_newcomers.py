"""Readers from other products: who got mail gets it here, who must not is suppressed."""

import json
from collections.abc import Iterator
from io import BytesIO

import pytest

from mailer.core.addresses import read_address
from mailer.core.newcomers import Newcomer, TopicMap, map_to_fill, read_topic_map
from mailer.core.reader_lines import RejectedLine
from mailer.core.readers import ReaderState
from mailer.errors import InputError
from mailer.flows.take_newcomers import Origin, TakenNewcomers, count_topics, take_newcomers
from mailer.ingest.newcomers import PRODUCTS
from mailer.store.database import Database
from mailer.store.leaving import subscriptions_of
from mailer.store.preferences import follows_of
from mailer.store.reader_records import records_of
from mailer.store.readers import find_reader, list_readers
from mailer.store.suppressions import list_suppressions
from tests.flows.conftest import NOON, Newsroom
from tests.flows.exports import mailchimp_zip
from tests.flows.imports import SIGNER

MAP = """
newsletter = "asia"
cadence = "weekly"
groups = ["Interests"]
[topics]
"Daily Briefing" = { follow = "china & !sport", cadence = "daily" }
"Japan" = "japan"
"JP_TRADE" = "japan & trade"
"Old list" = false
"""
LISTMONK_CSV = """uuid,email,name,attributes,status,created_at,updated_at
u1,on@x.example,On,"{""city"": ""Seoul""}",enabled,2024-02-03 04:05:06.789+00,2024-03-01 00:00:00+00
u2,off@x.example,Off,{},disabled,2024-02-03 04:05:06+00,2024-03-01 00:00:00+00
u3,block@x.example,Block,{},blocklisted,2024-02-03 04:05:06+00,2024-03-01 00:00:00+00
u4,odd@x.example,Odd,{},paused,2024-02-03 04:05:06+00,2024-03-01 00:00:00+00
"""


def listed(name: str, state: str, optin: str = "double") -> dict[str, str]:
    return {"name": name, "subscription_status": state, "optin": optin}


def subscriber(email: str, *lists: dict[str, str], status: str = "enabled") -> dict[str, object]:
    return {
        "email": email,
        "name": "N",
        "status": status,
        "created_at": "2024-02-03T04:05:06.789Z",
        "updated_at": "2024-03-01T00:00:00Z",
        "lists": list(lists),
    }


def take(
    database: Database,
    product: str,
    content: bytes | str,
    *,
    name: str = "export.csv",
    topics: str = MAP,
    dry: bool = False,
) -> tuple[TakenNewcomers, list[RejectedLine]]:
    told: list[RejectedLine] = []
    taken = take_newcomers(
        database,
        newcomers(product, content, name, read_topic_map(topics)),
        read_topic_map(topics),
        Origin(product, name, "Form on our site"),
        signer=SIGNER,
        clock=lambda: NOON,
        dry=dry,
        tell=told.append,
    )
    return taken, told


def newcomers(
    product: str, content: bytes | str, name: str, topics: TopicMap
) -> Iterator[Newcomer]:
    raw = content.encode() if isinstance(content, str) else content
    return PRODUCTS[product](BytesIO(raw), name, topics.groups)


def counts(taken: TakenNewcomers) -> tuple[int, int, int, int, int]:
    return (
        taken.new_count,
        taken.updated_count,
        taken.unchanged_count,
        taken.suppressed_count,
        taken.rejected_count,
    )


def followed(database: Database, email: str) -> set[tuple[str, str]]:
    with database.read() as connection:
        reader = find_reader(connection, read_address(email))
        return {
            (f.expression, f.cadence.value)
            for f in follows_of(connection, reader.id)
            if f.ended_at is None
        }


def suppressed(database: Database) -> dict[str, tuple[str, str]]:
    with database.read() as connection:
        return {each.email: (each.reason, each.evidence) for each in list_suppressions(connection)}


def test_listmonks_csv_has_no_lists_so_everyone_follows_what_the_map_says(
    newsroom: Newsroom,
) -> None:
    database = newsroom.database
    topics = 'newsletter = "asia"\neveryone = "china"\n'
    taken, told = take(database, "listmonk", LISTMONK_CSV, topics=topics)

    assert counts(taken) == (1, 0, 0, 2, 1)
    assert "unknown status 'paused'" in told[0].reason
    assert followed(database, "on@x.example") == {("china", "daily")}
    reason, evidence = suppressed(database)["block@x.example"]
    assert reason == "blocked in listmonk"
    assert "export.csv: status blocklisted since 2024-03-01" in evidence
    with database.read() as connection:
        [reader] = list_readers(connection)
        record = records_of(connection, reader)["reader"][0]
    assert reader.state is ReaderState.CONFIRMED
    assert record["consent"] == "Form on our site"
    assert record["consent_source"] == "listmonk export export.csv"
    assert record["consented_at"].startswith("2024-02-03T04:05:06")

    again, _ = take(database, "listmonk", LISTMONK_CSV, topics=topics)
    assert counts(again) == (0, 0, 3, 0, 1), "again is no change"


def test_listmonks_lists_become_follows_by_what_she_said_to_each(newsroom: Newsroom) -> None:
    database = newsroom.database
    people = [
        subscriber(
            "both@x.example", listed("Daily Briefing", "confirmed"), listed("Japan", "unconfirmed")
        ),
        subscriber("single@x.example", listed("japan", "unconfirmed", "single")),
        subscriber("left@x.example", listed("Daily Briefing", "unsubscribed")),
        subscriber("never@x.example", listed("Japan", "unconfirmed")),
        subscriber("old@x.example", listed("Old list", "confirmed")),
    ]
    document = json.dumps({"data": {"results": people, "total": 5, "per_page": 5, "page": 1}})
    taken, told = take(database, "listmonk", document)

    assert counts(taken) == (4, 0, 0, 0, 1)
    assert [line.email for line in told] == ["never@x.example"]
    assert followed(database, "both@x.example") == {("china & !sport", "daily")}
    assert followed(database, "single@x.example") == {("japan", "weekly")}
    assert followed(database, "old@x.example") == set()
    with database.read() as connection:
        left = find_reader(connection, read_address("left@x.example"))
        [ended] = subscriptions_of(connection, left.id)
    assert ended.ended_at == NOON, "a later import does not subscribe her again"
    resubscribed = json.dumps([subscriber("left@x.example", listed("Japan", "confirmed"))])
    _, told = take(database, "listmonk", resubscribed)
    assert "she left 'asia'" in told[0].reason


def test_mailchimps_zip_brings_tags_and_groups_and_keeps_who_left_suppressed(
    newsroom: Newsroom,
) -> None:
    database = newsroom.database
    taken, told = take(database, "mailchimp", mailchimp_zip(), name="audience.zip")

    assert counts(taken) == (1, 0, 0, 2, 1)
    assert followed(database, "mina@x.example") == {
        ("china & !sport", "daily"),
        ("japan", "weekly"),
    }
    assert told[0].email == "shop@x.example"
    found = suppressed(database)
    assert found["gone@x.example"][0] == "unsubscribed in mailchimp"
    assert (
        "unsubscribed 2020-05-06 07:08:09, because NO_LONGER_INTERESTED"
        in (found["gone@x.example"][1])
    )
    assert "by campaign May issue" in found["dead@x.example"][1]
    assert counts(take(database, "mailchimp", mailchimp_zip())[0]) == (0, 0, 3, 0, 1)


def test_who_subscribed_here_herself_is_not_suppressed_for_having_left_there(
    newsroom: Newsroom,
) -> None:
    newsroom.read_by("gone@x.example")
    newsroom.follow("gone@x.example", "china")
    taken, told = take(newsroom.database, "mailchimp", mailchimp_zip())

    assert counts(taken) == (1, 0, 0, 1, 2)
    [kept] = [line for line in told if line.email == "gone@x.example"]
    assert "subscribed here since 2026-03-07" in kept.reason
    assert kept.cells[0] == "gone@x.example"
    assert "gone@x.example" not in suppressed(newsroom.database)


def test_a_line_for_each_subscription_makes_one_reader(newsroom: Newsroom) -> None:
    content = (
        "Subscriber Email,Topic Code,Digest\n"
        "mina@x.example,JP_TRADE,0\n"
        "mina@x.example,Japan,7\n"
        "+82 10 1234 5678,Japan,1\n"
        "kim@x.example,JAPAN,fortnightly\n"
    )
    database = newsroom.database
    taken, told = take(database, "govdelivery", content)

    assert counts(taken) == (1, 0, 0, 0, 2)
    assert followed(database, "mina@x.example") == {
        ("japan & trade", "instant"),
        ("japan", "weekly"),
    }
    assert "telephone number" in told[0].reason
    assert "unknown cadence 'fortnightly'" in told[1].reason
    more = "email,topic_code,frequency\nmina@x.example,Daily Briefing,daily\n"
    assert counts(take(database, "govdelivery", more)[0]) == (0, 1, 0, 0, 0)
    assert len(followed(database, "mina@x.example")) == 3


def test_keilas_contacts_bring_their_state_and_the_tags_of_their_data(newsroom: Newsroom) -> None:
    content = (
        "Email,First name,Last name,Data,Status\n"
        'mina@x.example,Mina,Kim,"{""tags"": [""Japan""]}",active\n'
        "gone@x.example,,,,unsubscribed\n"
        "dead@x.example,,,{broken,unreachable\n"
    )
    taken, _ = take(newsroom.database, "keila", content)

    assert counts(taken) == (1, 0, 0, 2, 0)
    assert followed(newsroom.database, "mina@x.example") == {("japan", "weekly")}
    assert suppressed(newsroom.database)["dead@x.example"][0] == "bounced in keila"


def test_a_dry_take_tells_the_same_and_writes_nothing(newsroom: Newsroom) -> None:
    database = newsroom.database
    dry, _ = take(database, "mailchimp", mailchimp_zip(), dry=True)
    with database.read() as connection:
        assert list_readers(connection) == []
    assert suppressed(database) == {}
    assert counts(dry) == counts(take(database, "mailchimp", mailchimp_zip())[0])


def test_a_topic_without_a_line_in_the_map_is_told_and_a_map_to_fill_reads(
    newsroom: Newsroom,
) -> None:
    content = 'email,topic\na@x.example,"Say ""hi"" \\ [x]"\n'
    _, told = take(newsroom.database, "govdelivery", content)
    assert "the map has no topic" in told[0].reason
    names = count_topics(newcomers("govdelivery", content, "x", TopicMap()))
    filled = read_topic_map(map_to_fill(names, "asia"))
    assert filled.unknown(names) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("topics = 3", "wants"),
        ("x = 1", "has 'x'"),
        ('[topics]\n"A" = "china"', "names no newsletter"),
        ('newsletter = "asia"\n[topics]\n"A" = 7', "write"),
        ('newsletter = "asia"\n[topics]\n"A" = { follow = "x", cadance = "daily" }', "'cadance'"),
        ('cadence = "hourly"', "unknown cadence"),
        ("= =", "no TOML"),
    ],
)
def test_a_map_that_cannot_be_meant_is_told(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_topic_map(text)


@pytest.mark.parametrize("product", list(PRODUCTS))
@pytest.mark.parametrize(
    "content", [b"", b"x,y\n1,2\n", b"{", b"\x00\x01", b"PK\x03\x04", b"[3, 4]"]
)
def test_what_is_no_export_is_refused_or_told(
    newsroom: Newsroom, product: str, content: bytes
) -> None:
    try:
        taken, _ = take(newsroom.database, product, content)
    except InputError:
        return
    assert taken.new_count == 0
