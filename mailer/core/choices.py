"""All that one reader has chosen, as one value: where a change starts, and what undo restores."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ChosenFollow:
    """A current follow, by what it means; `cursor_at` is how far it had been answered."""

    newsletter_id: int
    expression: str
    canonical: str
    cadence: str
    cursor_at: datetime


@dataclass(frozen=True, slots=True)
class Choices:
    """What a reader has chosen. `subscriptions` are ids of newsletters; `mutes` as written."""

    email: str
    locale: str
    timezone: str
    hour: int | None
    format: str
    quiet: str
    paused_until_at: datetime | None
    subscriptions: tuple[int, ...]
    follows: tuple[ChosenFollow, ...]
    mutes: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as the store keeps it."""
        until = self.paused_until_at
        return {
            "email": self.email,
            "locale": self.locale,
            "timezone": self.timezone,
            "hour": self.hour,
            "format": self.format,
            "quiet": self.quiet,
            "paused_until_at": until.isoformat() if until else None,
            "subscriptions": list(self.subscriptions),
            "follows": [
                [f.newsletter_id, f.expression, f.canonical, f.cadence, f.cursor_at.isoformat()]
                for f in self.follows
            ],
            "mutes": [list(mute) for mute in self.mutes],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Choices":
        """Read it as `to_json` wrote it."""
        until = kept["paused_until_at"]
        return cls(
            email=kept["email"],
            locale=kept["locale"],
            timezone=kept["timezone"],
            hour=kept["hour"],
            format=kept["format"],
            quiet=kept["quiet"],
            paused_until_at=datetime.fromisoformat(until) if until else None,
            subscriptions=tuple(kept["subscriptions"]),
            follows=tuple(
                ChosenFollow(newsletter, text, meaning, cadence, datetime.fromisoformat(cursor))
                for newsletter, text, meaning, cadence, cursor in kept["follows"]
            ),
            mutes=tuple((text, meaning) for text, meaning in kept["mutes"]),
        )

    def differs_from(self, other: "Choices") -> bool:
        """Say whether she chose otherwise; that a run moved a cursor is no choice."""
        return _chosen(self) != _chosen(other)


def _chosen(choices: Choices) -> dict[str, Any]:
    kept = choices.to_json()
    kept["follows"] = sorted(follow[:4] for follow in kept["follows"])
    kept["mutes"] = sorted(kept["mutes"])
    return kept
