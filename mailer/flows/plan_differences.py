"""What changed between two plans, as JSON documents."""

from typing import Any


def plan_differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return who gains and who loses which story, and lines that say so.

    An item without `reasons`, as the ledger has it, agrees with whatever reasons the other has.
    """
    old, new = _items(before), _items(after)
    gained = sorted(new.keys() - old.keys())
    lost = sorted(old.keys() - new.keys())
    changed = sorted(key for key in old.keys() & new.keys() if _differ(old[key], new[key]))
    lines = [
        *(f"+ {email}  {uid}" for email, uid in gained),
        *(f"- {email}  {uid}" for email, uid in lost),
        *(
            f"~ {email}  {uid}  {_told(old[email, uid])} → {_told(new[email, uid])}"
            for email, uid in changed
        ),
    ]
    same = before.get("plan_hash") == after.get("plan_hash")
    return {
        "same": same,
        "plan_hashes": [before.get("plan_hash"), after.get("plan_hash")],
        "gained": [{"email": email, "uid": uid} for email, uid in gained],
        "lost": [{"email": email, "uid": uid} for email, uid in lost],
        "changed": [{"email": email, "uid": uid} for email, uid in changed],
        "lines": lines or ["the same plan" if same else "the same items, in another order"],
    }


def _items(plan: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(mail["email"], item["uid"]): item for mail in plan["mails"] for item in mail["items"]}


def _differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return any(
        one[name] != other[name]
        for name in ("revision", "shown", "reasons")
        if name in one and name in other
    )


def _told(item: dict[str, Any]) -> str:
    return ", ".join([f"revision {item['revision']}", item["shown"], *item.get("reasons", ())])
