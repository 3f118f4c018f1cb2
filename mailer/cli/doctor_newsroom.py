"""What the newsroom itself lacks: a newsletter, a schedule for those who wait, stories."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mailer.core.findings import Finding, ok, warn
from mailer.core.readers import Cadence
from mailer.errors import MailerError
from mailer.store.database import Database
from mailer.store.follow_counts import group_follows
from mailer.store.newsletters import newsletters_by_id
from mailer.store.schedules import list_schedules
from mailer.store.stories import latest_stories

_QUIET = timedelta(days=7)


def examine_newsroom(database: Database, *, now: datetime) -> Iterator[Finding]:
    """Find what leaves readers without mail though every service works."""
    try:
        if not database.is_made:
            return
        database.require_current()
    except MailerError:  # The finding about it stands above.
        return
    with database.read() as connection:
        newsletters = newsletters_by_id(connection)
        schedules = list_schedules(connection)
        groups = group_follows(connection)
        newest = latest_stories(connection, 1)
    if not newsletters:
        yield warn(
            "newsletters",
            "none yet: there is nothing to subscribe to",
            "mailer newsletters add NAME --from news@your-domain",
        )
        return
    sent = {(one.newsletter_id, one.cadence) for one in schedules if not one.paused_at}
    waiting: dict[tuple[int, Cadence], int] = {}
    for group in groups:
        wanted = group.newsletter_id, group.cadence
        # Alerts need no schedule: they leave when a story comes.
        if group.cadence is not Cadence.INSTANT and wanted not in sent:
            waiting[wanted] = waiting.get(wanted, 0) + group.reader_count
    for (newsletter_id, cadence), count in sorted(waiting.items()):
        slug = newsletters[newsletter_id].slug
        yield warn(
            f"schedule {slug}",
            f"no schedule sends its {cadence} issue; follows that wait for it: {count}",
            f"mailer schedules add {slug} {cadence} --at 07:00 --tz reader",
        )
    if not newest:
        yield warn("stories", "none yet", "mailer feeds add https://…, or 'mailer stories import'")
    elif now - newest[0].eligible_at > _QUIET:
        yield warn(
            "stories",
            f"none since {newest[0].eligible_at:%Y-%m-%d}: has a feed gone silent?",
            "mailer feeds list",
        )
    else:
        yield ok("stories", f"the newest is of {newest[0].eligible_at:%Y-%m-%d %H:%M} UTC")
