"""The names of slots, and the hash by which two plans are compared."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.core.deliveries import DeliveryState
from mailer.core.digests import Composition, Digest, Item, Omission, Reason, Section, Shown, Why
from mailer.core.readers import Cadence
from mailer.core.runs import (
    PlannedMail,
    Run,
    RunState,
    add_hashes,
    hash_text,
    mail_hash,
    slot_key,
)
from tests.builders import NOON, follower, story

SEOUL = timezone(timedelta(hours=9))
CHINA, TRADE = Reason(1, "china", "china"), Reason(2, "trade", "trade")


def mail(*sections: tuple[Item, ...], number: int = 1) -> PlannedMail:
    digest = Digest(tuple(Section(1, "china", items) for items in sections))
    return PlannedMail(
        f"digest:slot:{number}", follower("china", number=number), Composition(digest, ())
    )


def item(number: int = 1, *reasons: Reason, shown: Shown = Shown.FULL, revision: int = 1) -> Item:
    return Item(story(number, revision=revision), shown, reasons or (CHINA,))


PLAIN = mail((item(1), item(2)))


def readdressed(email: str) -> PlannedMail:
    reader = replace(PLAIN.follower.reader, email=email)
    return replace(PLAIN, follower=replace(PLAIN.follower, reader=reader))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(readdressed("other@example.org"), id="another address"),
        pytest.param(mail((item(1), item(3))), id="another story"),
        pytest.param(mail((item(1), item(2, revision=2))), id="another revision"),
        pytest.param(mail((item(1), item(2, shown=Shown.LINKED))), id="shown otherwise"),
        pytest.param(mail((item(1), item(2, TRADE))), id="another reason"),
        pytest.param(mail((item(1), item(2, CHINA, TRADE))), id="one more reason"),
        pytest.param(mail((item(2), item(1))), id="another order"),
        pytest.param(mail((item(1),), (item(2),)), id="other sections"),
        pytest.param(mail((item(1),)), id="a story less"),
    ],
)
def test_the_hash_tells_who_gets_what_how_and_why(other: PlannedMail) -> None:
    assert mail_hash(other) != mail_hash(PLAIN)


def test_the_hash_does_not_depend_on_ids_and_omissions() -> None:
    digest = PLAIN.composition.digest
    omitted = Composition(digest, (Omission(9, "story-9", Why.MUTED, "sport"),))
    renumbered = replace(PLAIN.follower, subscription_id=7)
    same = PlannedMail("another key", renumbered, omitted, dead_follow_ids=(4,))
    assert mail_hash(same) == mail_hash(PLAIN)


def test_who_gets_nothing_adds_nothing() -> None:
    nothing = replace(PLAIN, composition=Composition(None, ()))
    assert mail_hash(nothing) == 0
    assert add_hashes() == 0
    assert add_hashes(mail_hash(PLAIN), mail_hash(nothing)) == mail_hash(PLAIN)


HASHES = st.lists(st.integers(0, 2**128 - 1), max_size=8)


@given(HASHES, st.randoms(use_true_random=False), st.integers(0, 8))
def test_neither_order_nor_shards_change_the_sum(
    hashes: list[int], chance: random.Random, cut: int
) -> None:
    shuffled = chance.sample(hashes, len(hashes))
    whole = add_hashes(*hashes)
    assert add_hashes(*shuffled) == whole
    assert add_hashes(add_hashes(*hashes[:cut]), add_hashes(*hashes[cut:])) == whole
    assert 0 <= whole < 2**128


def test_a_hash_is_written_as_32_hex_digits() -> None:
    assert hash_text(255) == "0" * 30 + "ff"
    assert len(hash_text(mail_hash(PLAIN))) == 32


@pytest.mark.parametrize(
    ("as_of", "zone", "key"),
    [
        pytest.param(NOON, "", "asia/daily/2026-03-10T12:00:00+00:00", id="UTC"),
        pytest.param(
            NOON.astimezone(SEOUL), "", "asia/daily/2026-03-10T12:00:00+00:00", id="Seoul"
        ),
        pytest.param(
            NOON,
            "Asia/Seoul",
            "asia/daily/2026-03-10T12:00:00+00:00/Asia/Seoul",
            id="the readers of one zone",
        ),
        pytest.param(
            datetime(2026, 3, 10, 12, 0, 0, 7, tzinfo=UTC),
            "",
            "asia/daily/2026-03-10T12:00:00.000007+00:00",
            id="microseconds count",
        ),
    ],
)
def test_a_slot_is_named_by_its_moment(as_of: datetime, zone: str, key: str) -> None:
    assert slot_key("asia", Cadence.DAILY, as_of, zone) == key


def test_open_deliveries_are_those_that_move_by_themselves() -> None:
    run = Run(
        id=1,
        slot_key="asia/daily/2026-03-10T12:00:00+00:00",
        newsletter="asia",
        cadence=Cadence.DAILY,
        zone="",
        as_of=NOON,
        state=RunState.SENDING,
        state_reason="",
        created_at=NOON,
        finished_at=None,
        plan_hash="",
        shard_count=1,
        planned_shard_count=1,
        planned_count=10,
        nothing_new_count=0,
        dead_follow_count=0,
        counts={state: 10**place for place, state in enumerate(DeliveryState)},
    )
    moving = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.TRANSMITTING)
    assert run.open_count == sum(run.counts[state] for state in moving)
