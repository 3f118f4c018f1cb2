"""Half-open windows of time."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Window:
    """The instants from `start_at` up to, but not including, `end_at`; both aware."""

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        if self.start_at.tzinfo is None or self.end_at.tzinfo is None:
            raise ValueError("a window needs aware instants: give both a timezone")

    def __contains__(self, instant: datetime) -> bool:
        return self.start_at <= instant < self.end_at
