"""Which stories belong beside a story."""

from dataclasses import replace
from datetime import timedelta

from mailer.core.related import related
from tests.builders import story

DAY = timedelta(days=1)


def test_rare_common_tags_weigh_more_than_frequent_ones_and_near_more_than_far() -> None:
    own = replace(story(1), kicker=("china",), topics=("bridges", "trade"))

    def other(number: int, *tags: str, days: int = 1) -> object:
        return replace(
            story(number), kicker=(), topics=tags, published_at=own.published_at - days * DAY
        )

    rare = other(2, "bridges")
    far = other(3, "bridges", days=900)
    common = [other(number, "trade") for number in range(4, 12)]
    nothing = other(12, "sport")
    found = related(own, [*common, far, nothing, rare, own], 3)  # type: ignore[list-item]

    assert found[0] is rare
    assert [one.id for one in related(own, [far, rare], 2)] == [2, 3]  # type: ignore[list-item]
    assert nothing not in found
    assert len(found) == 3
    assert related(own, [nothing], 3) == []  # type: ignore[list-item]
