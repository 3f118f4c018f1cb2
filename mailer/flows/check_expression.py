"""Check an expression: what it means, and what it would have brought."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.core.expressions import canonical, in_words, parse
from mailer.core.matching import Board
from mailer.core.stories import Story
from mailer.store.database import Database
from mailer.store.stories import read_board_stories
from mailer.store.tags import read_vocabulary

LOOK_BACK = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class CheckedExpression:
    """`stories` are those of the last 14 days that it matches, newest first."""

    canonical: str
    in_words: str
    stories: tuple[Story, ...]


def check_expression(database: Database, text: str, *, as_of: datetime) -> CheckedExpression:
    """Parse an expression and try it on the last 14 days; raises ExpressionError."""
    with database.read() as connection:
        vocabulary = read_vocabulary(connection)
        parsed = parse(text, vocabulary)
        start_at = as_of - LOOK_BACK
        board = Board(read_board_stories(connection, start_at, as_of), vocabulary, as_of)
        recent = tuple(
            story
            for story in board.stories_of(board.matching_bits(parsed))
            if story.eligible_at >= start_at
        )
    return CheckedExpression(canonical(parsed), in_words(parsed), recent)
