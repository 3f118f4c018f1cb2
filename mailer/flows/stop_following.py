"""A reader stops following."""

from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.expressions import canonical, parse
from mailer.errors import NotFoundError
from mailer.store.database import Database
from mailer.store.newsletters import find_newsletter
from mailer.store.preferences import end_follow, follows_of
from mailer.store.readers import find_reader, lock_reader
from mailer.store.tags import read_vocabulary


def stop_following(
    database: Database, email: str, newsletter_slug: str, expression: str, *, now: datetime
) -> str:
    """End the follow of this meaning and return its canonical text.

    Raises NotFoundError that lists what she follows when there is no such follow.
    """
    with database.write() as connection:
        reader = find_reader(connection, read_address(email))
        newsletter = find_newsletter(connection, newsletter_slug)
        meaning = canonical(parse(expression, read_vocabulary(connection)))
        lock_reader(connection, reader.id)
        current = [
            follow
            for follow in follows_of(connection, reader.id)
            if follow.ended_at is None and follow.newsletter == newsletter.slug
        ]
        ended = [follow for follow in current if follow.canonical == meaning]
        if not ended:
            there = ", ".join(f"'{follow.canonical}'" for follow in current) or "nothing"
            raise NotFoundError(
                f"{reader.email} does not follow '{meaning}' in {newsletter.slug}: "
                f"she follows {there}"
            )
        for follow in ended:
            end_follow(connection, follow.id, "unfollowed", now)
    return meaning
