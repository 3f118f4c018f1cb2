"""Explain whether a reader was told that a story of hers was wrong."""

from collections.abc import Sequence

from mailer.core.corrections import Correction
from mailer.core.deliveries import NOT_GIVEN
from mailer.store.ledger_reading import DeliveryRow


def explain_corrections(
    corrections: Sequence[Correction], deliveries: Sequence[DeliveryRow], reader_id: int
) -> str:
    """Return the end of a sentence: what she was told of each correction; empty without any.

    `deliveries` are those that hold the story for her.
    """
    words = ""
    for correction in corrections:
        key = correction.key_for(reader_id)
        notice = next((row for row in deliveries if row.key == key), None)
        had_it = any(
            item.story_id == correction.story_id and item.revision <= correction.wrong_revision
            for row in deliveries
            if row.state not in NOT_GIVEN
            for item in row.items
        )
        if notice is not None:
            when = f" {notice.settled_at.isoformat()}" if notice.settled_at else ""
            words += f"; the {correction.kind} went in delivery {notice.id}, {notice.state}{when}"
        elif had_it:
            words += (
                f"; not told of the {correction.kind}: her subscription has ended, her address is "
                "suppressed, she only had a link to it, or her mail is still on its way"
            )
    return words
