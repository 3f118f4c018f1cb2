"""Look into the mailbox of bounces when it is time: one process at a time, whoever looks."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.core.bounces import SoftRule
from mailer.core.hygiene import clean_header
from mailer.core.redaction import redact
from mailer.errors import ServiceAway, SettingsError
from mailer.flows.desk import Desk
from mailer.flows.poll_bounces import poll_bounces
from mailer.store.mailbox_looks import BOUNCES, claim_look, record_look

_LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class LookedForBounces:
    """How many messages were read, and why no more could be; "" when all were."""

    count: int
    error: str


def look_for_bounces(
    desk: Desk,
    url: str,
    *,
    every: timedelta,
    rule: SoftRule,
    clock: Callable[[], datetime],
    go_on: Callable[[], bool] = lambda: True,
    context: ssl.SSLContext | None = None,
) -> LookedForBounces | None:
    """Read what is unread while `go_on` says so; None when no look is due.

    What was not read is read by the next look. A mailbox that cannot be read is written down for
    the dashboard, and looked at less and less often.
    """
    if not url or not every:
        return None
    with desk.database.write() as connection:
        if not claim_look(connection, BOUNCES, clock()):
            return None
    count, error = 0, ""
    try:
        for _ in poll_bounces(desk, url, rule=rule, clock=clock, context=context):
            count += 1
            if not go_on():
                break
    except (ServiceAway, SettingsError) as problem:
        # The server's words may repeat the name we signed in with.
        error = clean_header(redact(str(problem)), _LONGEST_ERROR)
    with desk.database.write() as connection:
        record_look(connection, BOUNCES, count=count, error=error, every=every, now=clock())
    return LookedForBounces(count, error)
