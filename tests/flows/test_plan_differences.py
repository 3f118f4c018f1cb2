"""What changed between two plans: gained, lost, shown otherwise; unknown reasons are no change."""

from typing import Any

from mailer.flows.plan_differences import plan_differences


def plan(plan_hash: str, **items: dict[str, Any]) -> dict[str, Any]:
    mail = {"email": "mina", "items": [{"uid": uid, **item} for uid, item in items.items()]}
    return {"plan_hash": plan_hash, "mails": [mail]}


FULL = {"revision": 1, "shown": "full", "reasons": ["You follow china"]}
KNOWN_BY_THE_LEDGER = {"revision": 1, "shown": "full"}


def test_gains_losses_and_changes_are_told() -> None:
    before = plan("1", kept=FULL, gone=FULL, other=FULL, again=FULL)
    after = plan(
        "2",
        kept=FULL,
        come=FULL,
        other={**FULL, "reasons": ["You follow japan"]},
        again={**FULL, "revision": 2},
    )
    told = plan_differences(before, after)
    assert [one["uid"] for one in told["gained"]] == ["come"]
    assert [one["uid"] for one in told["lost"]] == ["gone"]
    assert [one["uid"] for one in told["changed"]] == ["again", "other"]
    assert told["lines"][-1].endswith(
        "revision 1, full, You follow china → revision 1, full, You follow japan"
    )


def test_an_item_of_the_ledger_agrees_with_any_reasons() -> None:
    assert plan_differences(plan("1", kept=KNOWN_BY_THE_LEDGER), plan("1", kept=FULL))["lines"] == [
        "the same plan"
    ]


def test_a_headline_instead_of_the_whole_is_a_change() -> None:
    shorter = {**KNOWN_BY_THE_LEDGER, "shown": "headline"}
    assert plan_differences(plan("1", kept=shorter), plan("2", kept=FULL))["changed"] == [
        {"email": "mina", "uid": "kept"}
    ]
