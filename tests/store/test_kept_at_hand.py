"""What a worker keeps at hand instead of reading it for each batch, and for how long."""

from threading import Thread

from sqlalchemy import update

from mailer.core.tags import Tag
from mailer.store.database import Database
from mailer.store.editions import compiling_alone
from mailer.store.story_shelf import StoryShelf
from mailer.store.tables import stories
from mailer.store.tags import VocabularyReader, save_tags
from tests.builders import NOON
from tests.store.rows import add_stories, statements, until_somebody_waits


def test_stories_are_read_once_in_half_a_minute_and_then_anew(database: Database) -> None:
    seconds = [0.0]
    shelf = StoryShelf(lambda: seconds[0])
    with database.write() as connection:
        one, two = add_stories(connection, "one", "two")
        shelf.take(connection, [(one, 1)])
        connection.execute(update(stories).values(retracted_at=NOON))
        with statements(connection) as sent:
            assert not shelf.take(connection, [(one, 1)])[one, 1].retracted
        # Only whether it is still the same one is asked for.
        [(asked, _)] = sent
        assert asked.startswith("SELECT story_revisions.story_id, story_revisions.revision, ")
        assert asked.partition("FROM")[0].count(",") == 2
        # One that was not asked for so far is read, and those at hand stay.
        both = shelf.take(connection, [(one, 1), (two, 1)])
        assert [both[each, 1].retracted for each in (one, two)] == [False, True]
        seconds[0] = 31
        assert shelf.take(connection, [(one, 1)])[one, 1].retracted
        assert shelf.take(connection, [(999, 1)]).get((999, 1)) is None


def test_the_vocabulary_is_the_same_object_until_a_tag_changes(database: Database) -> None:
    reader = VocabularyReader()
    with database.write() as connection:
        save_tags(connection, [Tag("china", "China")])
        first = reader.read(connection)
        assert reader.read(connection) is first
        save_tags(connection, [Tag("china", "China", aliases=("prc",))])
        second = reader.read(connection)
        assert second.resolve("prc") is not None
        assert reader.read(connection) is second
        save_tags(connection, [Tag("china", "Cathay", aliases=("prc",))])
        assert reader.read(connection).label("china") == "Cathay"


def test_one_process_compiles_for_a_run_while_the_others_wait(database: Database) -> None:
    if database.is_sqlite:
        with compiling_alone(database, 1), compiling_alone(database, 1):
            return
    order: list[str] = []

    def second() -> None:
        with compiling_alone(database, 1):
            order.append("second")

    waiting = Thread(target=second)
    with compiling_alone(database, 1):
        waiting.start()
        until_somebody_waits(database)
        # Another run is nobody's concern.
        with compiling_alone(database, 2):
            order.append("first")
    waiting.join(timeout=10)
    assert order == ["first", "second"]
