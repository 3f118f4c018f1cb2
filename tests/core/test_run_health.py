"""When a run pauses itself."""

import pytest

from mailer.core.run_health import Health


def after(story: str) -> Health:
    """The health after judgements: + accepted, - refused."""
    health = Health()
    for judgement in story:
        health = health.after(refused=judgement == "-")
    return health


@pytest.mark.parametrize(
    ("story", "complaint"),
    [
        ("", ""),
        ("+" * 500, ""),
        ("-" * 10, ""),
        ("-" * 11, "11 of the first 11 mails were refused"),
        ("+-" * 10 + "+" * 500, ""),
        ("+" * 189 + "-" * 10, ""),
        ("+" * 189 + "-" * 11, "11 of the first 200 mails were refused"),
        ("+" * 190 + "-" * 11, ""),
        ("+" * 200 + "-" * 19, ""),
        ("+" * 200 + "-" * 20, "20 mails in a row were refused"),
        ("+" * 200 + "-" * 19 + "+" + "-" * 19, ""),
    ],
    ids=[
        "nothing yet",
        "all well",
        "ten at once",
        "eleven at once",
        "one in twenty",
        "ten late in the start",
        "the two hundredth is the eleventh",
        "the eleventh is past the start",
        "nineteen in a row",
        "twenty in a row",
        "a row that was broken",
    ],
)
def test_a_run_complains_of_many_at_its_start_and_of_many_in_a_row(
    story: str, complaint: str
) -> None:
    assert after(story).complaint == complaint
