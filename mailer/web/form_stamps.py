"""What tells a person's form from a program's, without asking her anything (S5)."""

from datetime import timedelta
from typing import Final

from mailer.core.tokens import Purpose
from mailer.errors import InputError
from mailer.web.visits import Visit

# A field that people do not see. Who fills it in is told what everybody is told.
TRAP: Final = "website"
# Nobody fills a form in sooner; a page left open overnight is drawn anew.
_SOONEST = timedelta(seconds=2)
_LATEST = timedelta(hours=12)


def form_stamp(visit: Visit) -> str:
    """Return what a form carries to say when it was drawn."""
    return visit.signer.sign_at(Purpose.FORM, visit.now)


def is_timely(visit: Visit, stamp: str) -> bool:
    """Say whether a form of ours comes back neither at once nor much later."""
    try:
        _, is_fresh = visit.signer.read_at(Purpose.FORM, stamp, visit.now, _LATEST)
        _, is_hasty = visit.signer.read_at(Purpose.FORM, stamp, visit.now, _SOONEST)
    except InputError:
        return False
    return is_fresh and not is_hasty
