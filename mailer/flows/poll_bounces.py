"""Poll the mailbox that bounces come to: each message is recorded, then marked as read."""

import ssl
from collections.abc import Callable, Iterator
from datetime import datetime

from mailer.bounces.imap import open_imap, read_imap_url
from mailer.bounces.reading import read_report
from mailer.core.bounces import SoftRule
from mailer.flows.desk import Desk
from mailer.flows.take_report import TakenReport, take_report


def poll_bounces(
    desk: Desk,
    url: str,
    *,
    rule: SoftRule,
    clock: Callable[[], datetime],
    context: ssl.SSLContext | None = None,
) -> Iterator[tuple[str, TakenReport]]:
    """Yield (where it was, what was done) for each unread message.

    Marked after it was recorded: whoever dies between the two reads it again, and nothing changes.
    Raises SettingsError and ServiceAway.
    """
    mailbox = read_imap_url(url)
    with open_imap(mailbox, context) as messages:
        for uid, content in messages:
            source = f"{mailbox.folder} at {mailbox.host}, message {uid}"
            taken = take_report(
                desk.database,
                desk.signer,
                read_report(content),
                source=source,
                rule=rule,
                now=clock(),
            )
            messages.mark_read(uid)
            yield source, taken
