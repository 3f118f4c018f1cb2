"""Change a newsletter."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mailer.core.expressions import parse
from mailer.flows.add_newsletter import clean_newsletter
from mailer.store.database import Database
from mailer.store.newsletters import find_newsletter, save_newsletter
from mailer.store.tags import read_vocabulary


def edit_newsletter(database: Database, slug: str, changes: Mapping[str, Any]) -> None:
    """Change these fields of a newsletter, by their names; the rest stays.

    Raises NotFoundError for an unknown slug and InputError for a value that cannot be used.
    """
    with database.write() as connection:
        changed = clean_newsletter(replace(find_newsletter(connection, slug), **changes))
        parse(changed.base_expression, read_vocabulary(connection))
        save_newsletter(connection, changed)
