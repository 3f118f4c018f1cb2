"""What takes a claimed delivery its leave to go out (I5): asked at the mark, in its transaction."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_

from mailer.core.deliveries import MailKind
from mailer.core.notices import RULES
from mailer.core.readers import ReaderState
from mailer.store.ledger_tables import deliveries
from mailer.store.tables import readers, subscriptions, suppressions

_OF_A_RUN = deliveries.c.kind != MailKind.NOTICE.value
_TO_ANYBODY = [occasion.value for occasion, rule in RULES.items() if rule.to_anybody]


PAUSED = "paused"
MOVED = "address changed"
# She wants the news, only not in this mail: its stories come again.
STILL_WANTED = frozenset({PAUSED, MOVED})


def lost_consent(now: datetime) -> list[tuple[ColumnElement[bool], str]]:
    """Return, each with its reason, what makes a claimed row one that must not be sent.

    Suppression holds for every mail, an ended subscription for every mail of it. A pause is one of
    news: what she asked for herself, or must know, still goes out. A notice goes to the address it
    was written for, which may be her new one, or her old.
    """
    ended = exists().where(
        subscriptions.c.id == deliveries.c.subscription_id, subscriptions.c.ended_at.is_not(None)
    )
    suppressed = exists().where(
        suppressions.c.email_key == deliveries.c.email_key, suppressions.c.ended_at.is_(None)
    )
    not_confirmed = exists().where(
        readers.c.id == deliveries.c.reader_id,
        readers.c.state != ReaderState.CONFIRMED.value,
    )
    paused = exists().where(readers.c.id == deliveries.c.reader_id, readers.c.paused_until_at > now)
    moved = exists().where(
        readers.c.id == deliveries.c.reader_id, readers.c.email_key != deliveries.c.email_key
    )
    wants_confirmed = or_(_OF_A_RUN, deliveries.c.occasion.not_in(_TO_ANYBODY))
    return [
        (ended, "unsubscribed"),
        (suppressed, "suppressed"),
        (and_(wants_confirmed, not_confirmed), "not confirmed"),
        (and_(_OF_A_RUN, paused), PAUSED),
        (and_(_OF_A_RUN, moved), MOVED),
    ]
