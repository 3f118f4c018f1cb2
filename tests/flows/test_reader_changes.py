"""What readers change, on both databases: nothing lost, nothing told twice, nothing left behind."""

from datetime import timedelta

from sqlalchemy import select

from mailer.core.addresses import read_address
from mailer.core.deliveries import DeliveryState
from mailer.core.limits import Limit, host_of, network_of
from mailer.core.readers import Cadence, Wanted
from mailer.flows.ask_to_subscribe import Answer, Petition, ask_to_subscribe
from mailer.flows.change_preferences import (
    AddMute,
    Edit,
    EditFollow,
    Pause,
    Resume,
    change_preferences,
)
from mailer.flows.check_ledger import check_ledger
from mailer.flows.confirm_subscription import confirm_subscription
from mailer.flows.erase_reader import erase_reader
from mailer.flows.leave_mails import Step, leave_mails
from mailer.flows.move_address import ask_to_move, move_address
from mailer.flows.undo_change import undo_change
from mailer.store import bounce_tables, operator_tables, reader_tables  # noqa: F401 - join
from mailer.store.leaving import subscriptions_of
from mailer.store.limits import forget_full, take
from mailer.store.preferences import FollowRecord, follows_of
from mailer.store.readers import find_reader, suppress
from mailer.store.tables import metadata
from tests.builders import NOON
from tests.flows.conftest import DAY, MINUTE, Newsroom

ANN = "ann@example.org"


def follows(newsroom: Newsroom, email: str = ANN) -> list[FollowRecord]:
    with newsroom.database.read() as connection:
        reader = find_reader(connection, read_address(email))
        return [f for f in follows_of(connection, reader.id) if f.ended_at is None]


def subscription(newsroom: Newsroom, email: str = ANN) -> tuple[int, int]:
    """Her id, and that of her latest subscription."""
    with newsroom.database.read() as connection:
        reader = find_reader(connection, read_address(email))
        return reader.id, subscriptions_of(connection, reader.id)[-1].id


def edit(newsroom: Newsroom, wanted: Edit, at: timedelta = timedelta(0)) -> int | None:
    reader_id, _ = subscription(newsroom)
    return change_preferences(newsroom.database, reader_id, wanted, now=NOON + at, source="test")


def assert_sound(newsroom: Newsroom) -> None:
    found = check_ledger(newsroom.database, now=NOON + 60 * DAY)
    assert [one for one in found if one.count] == []


def petition(email: str = ANN, client: str = "192.0.2.1", **changes: object) -> Petition:
    values: dict[str, object] = {
        "address": read_address(email),
        "newsletter": "asia",
        "follows": (Wanted("china", Cadence.DAILY), Wanted("japan", Cadence.WEEKLY)),
        "locale": "en",
        "timezone": "Asia/Seoul",
        "client": client,
        "source": "web form",
    }
    return Petition(**(values | changes))  # type: ignore[arg-type]


def test_no_change_loses_or_repeats_a_story(newsroom: Newsroom) -> None:
    newsroom.read_by(ANN)
    newsroom.follow(ANN, "china")
    newsroom.publish("first", "China")
    newsroom.send()
    newsroom.publish("second", "China", at=NOON + MINUTE)
    [follow] = follows(newsroom)
    edit(newsroom, EditFollow(follow.id, Wanted("china", Cadence.WEEKLY)), at=2 * MINUTE)
    newsroom.send("daily", NOON + DAY)
    _, subscription_id = subscription(newsroom)
    left = leave_mails(
        newsroom.database, subscription_id, Step.NEWSLETTER, now=NOON + DAY, source="test"
    )
    newsroom.publish("third", "China", at=NOON + DAY + MINUTE)
    newsroom.send("weekly", NOON + 2 * DAY)
    assert newsroom.given() == [(ANN, "first")]
    reader_id, _ = subscription(newsroom)
    assert left.change_id is not None
    for _ in range(2):
        undo_change(newsroom.database, left.change_id, reader_id, now=NOON + 2 * DAY, source="undo")
    newsroom.send("weekly", NOON + 3 * DAY)
    assert newsroom.given() == [(ANN, "first"), (ANN, "second"), (ANN, "third")]
    [weekly] = follows(newsroom)
    edit(
        newsroom,
        EditFollow(weekly.id, Wanted("china | japan", Cadence.DAILY)),
        at=3 * DAY + MINUTE,
    )
    newsroom.publish("fourth", "Japan", at=NOON + 3 * DAY + 2 * MINUTE)
    newsroom.send("daily", NOON + 4 * DAY)
    assert newsroom.given() == [
        (ANN, "first"), (ANN, "fourth"), (ANN, "second"), (ANN, "third"),
    ]  # fmt: skip
    assert_sound(newsroom)


def test_who_catches_up_gets_ten_told_and_the_rest_behind_a_link(newsroom: Newsroom) -> None:
    newsroom.read_by(ANN)
    newsroom.follow(ANN, "china")
    edit(newsroom, Pause(NOON + 3 * DAY, fresh=False))
    for number in range(14):
        newsroom.publish(f"s{number:02}", "China", at=NOON + (number + 1) * MINUTE)
    newsroom.send("daily", NOON + DAY)
    assert newsroom.given() == []
    newsroom.send("daily", NOON + 4 * DAY)
    [row] = newsroom.deliveries(DeliveryState.ACCEPTED)
    shown = [item.shown for item in row.items]
    assert len(shown) == 14
    assert shown.count("linked") == 4
    assert {i.uid for i in row.items if i.shown == "linked"} == {"s00", "s01", "s02", "s03"}
    for number in range(12):
        newsroom.publish(f"t{number:02}", "China", at=NOON + 4 * DAY + (number + 1) * MINUTE)
    newsroom.send("daily", NOON + 5 * DAY)
    last = newsroom.deliveries(DeliveryState.ACCEPTED)[-1]
    assert [item.shown for item in last.items].count("linked") == 0, "only the first issue"
    assert_sound(newsroom)


def test_who_starts_fresh_gets_nothing_of_the_pause(newsroom: Newsroom) -> None:
    newsroom.read_by(ANN)
    newsroom.follow(ANN, "china")
    edit(newsroom, Pause(NOON + 3 * DAY, fresh=True))
    newsroom.publish("during", "China", at=NOON + DAY)
    edit(newsroom, Resume(fresh=True), at=2 * DAY)
    newsroom.publish("after", "China", at=NOON + 2 * DAY + MINUTE)
    newsroom.send("daily", NOON + 4 * DAY)
    assert newsroom.given() == [(ANN, "after")]
    assert_sound(newsroom)


def test_from_request_to_reader_and_again(newsroom: Newsroom) -> None:
    desk = newsroom.desk
    assert ask_to_subscribe(desk, petition(), now=NOON) is Answer.TAKEN
    newsroom.deliver(NOON)
    for _ in range(2):
        offer = confirm_subscription(desk, 1, now=NOON + MINUTE)
    assert offer.follows == ("China, every day", "Japan, once a week")
    newsroom.deliver(NOON + MINUTE)
    assert [m.recipient for m in newsroom.backend.messages] == [ANN, ANN]
    assert [(f.canonical, f.cadence.value) for f in follows(newsroom)] == [
        ("china", "daily"),
        ("japan", "weekly"),
    ]
    assert ask_to_subscribe(desk, petition(), now=NOON + MINUTE) is Answer.TAKEN
    newsroom.deliver(NOON + MINUTE)
    assert len(newsroom.backend.messages) == 2, "once a day"
    assert_sound(newsroom)


def test_an_erased_reader_is_in_no_table_and_stays_suppressed(newsroom: Newsroom) -> None:
    desk = newsroom.desk
    ask_to_subscribe(desk, petition(), now=NOON)
    newsroom.deliver(NOON)
    confirm_subscription(desk, 1, now=NOON)
    newsroom.publish("one", "China", at=NOON - DAY / 2)
    newsroom.send()
    reader_id, subscription_id = subscription(newsroom)
    edit(newsroom, AddMute("trade"))
    ask_to_move(desk, reader_id, read_address("ann@elsewhere.example"), now=NOON)
    with newsroom.database.write() as connection:
        suppress(connection, ANN, "complaint", f"from {ANN}", NOON)
    for _ in range(2):
        erase_reader(desk, reader_id, now=NOON + MINUTE)
    with newsroom.database.read() as connection:
        dump = {
            table.name: repr(connection.execute(select(table)).all())
            for table in metadata.sorted_tables
        }
    assert [n for n, rows in dump.items() if ANN in rows or "elsewhere" in rows] == []
    assert newsroom.given() == [("", "one")]
    sent = len(newsroom.backend.messages)
    newsroom.deliver(NOON + MINUTE)
    leave_mails(newsroom.database, subscription_id, Step.NEWSLETTER, now=NOON + DAY, source="x")
    assert ask_to_subscribe(desk, petition(), now=NOON + 2 * DAY) is Answer.TAKEN
    newsroom.deliver(NOON + 2 * DAY)
    assert len(newsroom.backend.messages) == sent, "the address is known again, and suppressed"
    assert_sound(newsroom)


def test_a_new_address_is_asked_and_the_old_one_told(newsroom: Newsroom) -> None:
    newsroom.read_by(ANN)
    newsroom.follow(ANN, "china")
    reader_id, _ = subscription(newsroom)
    ask_to_move(newsroom.desk, reader_id, read_address("ann@elsewhere.example"), now=NOON)
    newsroom.deliver(NOON)
    for _ in range(2):
        move_address(newsroom.desk, 1, now=NOON)
    newsroom.deliver(NOON)
    recipients = [message.recipient for message in newsroom.backend.messages]
    assert recipients == ["ann@elsewhere.example", ANN]
    newsroom.publish("one", "China")
    newsroom.send()
    assert newsroom.given() == [("ann@elsewhere.example", "one")]


def test_limits_are_all_or_none_and_fill_up_again(newsroom: Newsroom) -> None:
    often, seldom = Limit("often", 3, MINUTE), Limit("seldom", 1, DAY)
    with newsroom.database.write() as connection:
        assert take(connection, [(often, "a"), (seldom, "a")], NOON) is None
        for _ in range(5):
            assert take(connection, [(often, "a"), (seldom, "a")], NOON) == "seldom"
        assert [take(connection, [(often, "a")], NOON) for _ in range(3)] == [None, None, "often"]
        assert take(connection, [(often, "b")], NOON) is None
        assert take(connection, [(often, "a")], NOON + MINUTE) is None
        assert take(connection, [(often, "a")], NOON + MINUTE) == "often"
        forget_full(connection, NOON + 2 * MINUTE)
        assert take(connection, [(seldom, "a")], NOON + 2 * MINUTE) == "seldom"
        forget_full(connection, NOON + 2 * DAY)
        left = connection.execute(select(reader_tables.limits)).all()
    assert left == []


def test_a_telephone_and_an_office_are_one_subject_each() -> None:
    assert host_of("192.0.2.7") == "192.0.2.7"
    assert network_of("192.0.2.7") == "192.0.2.0/24"
    assert host_of("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:2:3::4") == "2001:db8:1::/48"
