"""A reader's choices as the store keeps them."""

import json
from dataclasses import replace
from datetime import timedelta

from mailer.core.choices import Choices, ChosenFollow
from tests.builders import NOON

CHOICES = Choices(
    email="ann@example.org",
    locale="en",
    timezone="Asia/Seoul",
    hour=7,
    format="html",
    quiet="22:00-07:00",
    paused_until_at=NOON,
    subscriptions=(1, 2),
    follows=(ChosenFollow(1, "china", "china", "daily", NOON),),
    mutes=(("Sport", "sport"),),
)


def test_choices_survive_the_store() -> None:
    assert Choices.from_json(json.loads(json.dumps(CHOICES.to_json()))) == CHOICES
    bare = replace(CHOICES, paused_until_at=None, hour=None)
    assert Choices.from_json(json.loads(json.dumps(bare.to_json()))) == bare


def test_a_moved_cursor_and_another_order_are_no_choice() -> None:
    [follow] = CHOICES.follows
    moved = replace(follow, cursor_at=NOON + timedelta(days=1))
    other = replace(follow, canonical="japan")
    assert not CHOICES.differs_from(replace(CHOICES, follows=(moved,)))
    assert not replace(CHOICES, follows=(follow, other)).differs_from(
        replace(CHOICES, follows=(other, moved))
    )
    assert CHOICES.differs_from(replace(CHOICES, follows=()))
    assert CHOICES.differs_from(replace(CHOICES, hour=8))
