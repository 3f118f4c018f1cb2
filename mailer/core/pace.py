"""Pace: how many mails stand between one mark and its settlement.

Mark and settlement are a transaction each, and cost nearly the same for 16 mails as for 64. But all
that is marked when a worker dies is in doubt. So a window grows only where mails leave quickly, and
is never more than what leaves in a moment.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

# Where every window starts: what a relay that writes each mail to its disk takes in some tenths
# of a second.
USUAL_SIZE: Final = 16
# A window that took less may be twice as large, one that took four times as long is halved.
_QUICK: Final = timedelta(seconds=0.1)
_SLOW: Final = 4 * _QUICK


@dataclass(slots=True)
class Pace:
    """The size of the next window, between `USUAL_SIZE` and `most`; just `most` when that is less.

    Many round trips do not shrink it below that: on a long line small windows are slow ones too.
    """

    most: int
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = min(USUAL_SIZE, self.most)

    def went(self, count: int, took: timedelta) -> None:
        """Learn from a window of so many mails, which took so long from its mark to its answers."""
        if took >= _SLOW:
            self.size = max(min(USUAL_SIZE, self.most), self.size // 2)
        elif took < _QUICK and count >= self.size:
            self.size = min(self.most, 2 * self.size)
