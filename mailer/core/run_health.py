"""When a run pauses itself: too many refusals at its start, or too many in a row.

RELIABILITY section 3: a list gone stale, or a relay that refuses everybody, must not burn through
all readers before an operator looks.
"""

from dataclasses import dataclass, replace

EARLY = 200  # The first so many judged mails of a run tell what the rest will meet.
MOST_EARLY_REFUSALS = EARLY * 5 // 100
MOST_IN_ROW = 20


@dataclass(frozen=True, slots=True)
class Health:
    """What a run's servers have said so far: 2xx and 5xx are judgements, the rest is not."""

    early_settled_count: int = 0
    early_refused_count: int = 0
    refused_in_row_count: int = 0

    def after(self, *, refused: bool) -> "Health":
        """Return the health after one more judgement, in the order they came."""
        early = self.early_settled_count < EARLY
        return replace(
            self,
            early_settled_count=self.early_settled_count + early,
            early_refused_count=self.early_refused_count + (early and refused),
            refused_in_row_count=self.refused_in_row_count + 1 if refused else 0,
        )

    @property
    def complaint(self) -> str:
        """Say why the run should pause; empty when it may go on."""
        if self.refused_in_row_count >= MOST_IN_ROW:
            return f"{self.refused_in_row_count} mails in a row were refused"
        if self.early_refused_count > MOST_EARLY_REFUSALS:
            return (
                f"{self.early_refused_count} of the first {self.early_settled_count} mails "
                "were refused"
            )
        return ""
