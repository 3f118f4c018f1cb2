"""A dry run that may be a part."""

from mailer.core.readers import Cadence
from mailer.flows.draft_plan import Plan, draft_plan
from tests.builders import NOON
from tests.flows.conftest import Newsroom


def asked(plan: Plan) -> list[str]:
    return [mail.follower.reader.email for mail in (*plan.mails, *plan.silent)]


def test_a_page_asks_some_readers_and_says_so(newsroom: Newsroom) -> None:
    for number in range(4):
        newsroom.read_by(f"reader{number}@reader.example")
        newsroom.follow(f"reader{number}@reader.example", "china")
    newsroom.publish("one", "China")

    plans = [
        draft_plan(newsroom.desk, "asia", Cadence.DAILY, as_of=NOON, batch=1, most=most)
        for most in (None, 2, 4)
    ]

    assert [plan.is_whole for plan in plans] == [True, False, True]
    everybody = asked(plans[0])
    assert [asked(plan) for plan in plans] == [everybody, everybody[:2], everybody]


def test_whoever_looks_is_told_of_every_reader_asked(newsroom: Newsroom) -> None:
    for number in range(3):
        newsroom.read_by(f"reader{number}@reader.example")
        for wanted in ("china", "japan"):
            newsroom.follow(f"reader{number}@reader.example", wanted)
    newsroom.publish("one", "China")

    told: list[tuple[int, int]] = []
    seen = draft_plan(
        newsroom.desk,
        "asia",
        Cadence.DAILY,
        as_of=NOON,
        batch=2,
        see=lambda done, total: told.append((done, total)),
    )
    assert told == [(0, 3), (2, 3), (3, 3)]
    assert seen == draft_plan(newsroom.desk, "asia", Cadence.DAILY, as_of=NOON)
