"""Corrections and retractions: which revisions of a story were wrong, and what readers are told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CorrectionKind(StrEnum):
    """A correction gives the right version; a retraction takes the story back."""

    CORRECTION = "correction"
    RETRACTION = "retraction"


@dataclass(frozen=True, slots=True)
class Correction:
    """What readers of a wrong version are told. Revisions up to `wrong_revision` were wrong."""

    id: int
    story_id: int
    uid: str
    kind: CorrectionKind
    note: str
    wrong_revision: int
    right_revision: int
    created_at: datetime
    closed_at: datetime | None

    def key_for(self, reader_id: int) -> str:
        """Name the notice that tells one reader: she is told once."""
        return f"{self.key_for_all()}{reader_id}"

    def key_for_all(self) -> str:
        """Return how the keys of all its notices begin."""
        return f"{self.kind}:{self.id}:"
