"""A reader follows a tag expression at a cadence."""

from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.readers import Cadence, Wanted
from mailer.flows.keep_follow import MOST_FOLLOWS, Followed, keep_follow
from mailer.store.database import Database
from mailer.store.newsletters import find_newsletter
from mailer.store.readers import find_reader, lock_reader
from mailer.store.tags import read_vocabulary

__all__ = ["MOST_FOLLOWS", "Followed", "start_following"]


def start_following(
    database: Database,
    email: str,
    newsletter_slug: str,
    expression: str,
    cadence: Cadence,
    *,
    now: datetime,
    source: str,
    consent: str = "",
    cursor_at: datetime | None = None,
) -> Followed:
    """Add a follow, or change the cadence of the one with the same meaning.

    A changed cadence keeps the cursor: no story is repeated and none is lost (I2). Raises
    InputError for an unknown reader or newsletter, an expression that cannot be read or never
    matches, or a cadence the newsletter does not have.
    """
    with database.write() as connection:
        reader = find_reader(connection, read_address(email))
        newsletter = find_newsletter(connection, newsletter_slug)
        vocabulary = read_vocabulary(connection)
        lock_reader(connection, reader.id)
        return keep_follow(
            connection,
            reader,
            newsletter,
            vocabulary,
            Wanted(expression, cadence),
            now=now,
            source=source,
            consent=consent,
            cursor_at=cursor_at,
        )
