"""The states of a delivery and how long a retry waits, as RELIABILITY section 1 draws them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.core.deliveries import (
    ARROWS,
    NOT_GIVEN,
    TERMINAL,
    DeliveryState,
    digest_key,
    retry_delay,
)

# The drawing, arrow by arrow, with what moves along it.
DRAWN = {
    "queued": {
        "claimed": "claim",
        "cancelled": "an operator",
        "expired": "its end",
        "withheld": "consent lost before anybody claimed it",
    },
    "claimed": {
        "queued": "lease expired, or given back",
        "transmitting": "mark",
        "withheld": "consent or suppression lost",
        "cancelled": "an operator",
        "held": "the third lost lease, or it cannot be built",
    },
    "transmitting": {
        "accepted": "2xx",
        "refused": "5xx",
        "queued": "4xx, 421, dropped before the body",
        "in_doubt": "dropped or timed out after the body, or lease expired",
    },
    "in_doubt": {
        "accepted": "proof",
        "refused": "a 5xx that came late",
        "queued": "resend policy, or a 4xx that came late",
        "held": "hold policy",
    },
    "held": {
        "accepted": "an operator saw it arrive",
        "queued": "an operator resends",
        "cancelled": "an operator gives up",
    },
    "accepted": {},
    "refused": {},
    "withheld": {},
    "cancelled": {},
    "expired": {},
}


def test_the_arrows_are_those_of_the_drawing() -> None:
    assert {
        state.value: {target.value for target in targets} for state, targets in ARROWS.items()
    } == {state: set(targets) for state, targets in DRAWN.items()}
    assert set(ARROWS) == set(DeliveryState)


def test_what_ended_stays_ended() -> None:
    assert {state.value for state in TERMINAL} == {
        "accepted",
        "refused",
        "withheld",
        "cancelled",
        "expired",
    }


def test_only_an_accepted_end_gives_the_stories() -> None:
    given = set(TERMINAL) - NOT_GIVEN
    assert given == {DeliveryState.ACCEPTED}
    assert NOT_GIVEN < TERMINAL


KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("attempt", "minutes"),
    [(1, 5), (2, 15), (3, 30), (4, 60), (5, 120), (6, 240), (7, 480), (99, 480)],
)
@given(key=KEYS)
def test_a_retry_waits_its_step_give_or_take_a_fifth(attempt: int, minutes: int, key: str) -> None:
    step = timedelta(minutes=minutes)
    assert step * 0.8 <= retry_delay(attempt, key) <= step * 1.2
    assert retry_delay(attempt, key) == retry_delay(attempt, key)


@given(KEYS)
def test_each_retry_of_a_delivery_waits_longer_than_the_one_before(key: str) -> None:
    waits = [retry_delay(attempt, key) for attempt in range(1, 8)]
    assert waits == sorted(set(waits))


def test_the_readers_of_a_run_do_not_come_back_in_the_same_second() -> None:
    waits = {
        retry_delay(1, digest_key("digest", "asia/daily/2026-03-10T12:00:00+00:00", number))
        for number in range(100_000, 101_000)
    }
    assert len(waits) > 500


def test_a_delivery_is_named_by_kind_slot_and_reader() -> None:
    assert digest_key("alert", "asia/instant/2026-03-10T12:00:00+00:00", 7) == (
        "alert:asia/instant/2026-03-10T12:00:00+00:00:7"
    )
