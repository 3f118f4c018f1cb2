"""Who wants a story with these tags: asked before it is published."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailer.core.expressions import And, matches, parse
from mailer.core.readers import OF_FOLLOWS, Cadence
from mailer.errors import ExpressionError
from mailer.store.database import Database
from mailer.store.follow_counts import FollowGroup, group_follows, reader_count_of
from mailer.store.newsletters import list_newsletters
from mailer.store.tags import read_vocabulary

_MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Wants:
    """How many confirmed readers follow it, by cadence, and by what they follow."""

    reader_count: int
    by_cadence: Sequence[tuple[Cadence, int]]
    meanings: Sequence[tuple[str, int]]


def who_wants(database: Database, labels: Sequence[str]) -> Wants:
    """Count the follows that match a story with these tags, as labels, slugs or aliases.

    Mutes and what readers had already are not looked at: a dry run does. A tag nobody knows yet
    matches nothing.
    """
    with database.read() as connection:
        vocabulary = read_vocabulary(connection)
        known = [vocabulary.resolve(label) for label in labels]
        slugs = tuple(dict.fromkeys(tag.slug for tag in known if tag is not None))
        bases = {
            n.id: parse(n.base_expression or "*", vocabulary) for n in list_newsletters(connection)
        }
        wanting: list[FollowGroup] = []
        for group in group_follows(connection):
            try:
                within = And((bases[group.newsletter_id], parse(group.canonical, vocabulary)))
            except ExpressionError:
                continue
            if matches(within, slugs, vocabulary):
                wanting.append(group)
        readers = reader_count_of(connection, wanting)
    cadences: dict[Cadence, int] = {}
    meanings: dict[str, int] = {}
    for group in wanting:
        cadences[group.cadence] = cadences.get(group.cadence, 0) + group.reader_count
        meanings[group.canonical] = meanings.get(group.canonical, 0) + group.reader_count
    most = sorted(meanings.items(), key=lambda item: (-item[1], item[0]))
    return Wants(
        readers,
        [(each, cadences[each]) for each in OF_FOLLOWS if each in cadences],
        most[:_MOST_SHOWN],
    )
