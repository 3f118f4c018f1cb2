"""Beat rings what somebody answers, and the look by itself does the same without beat."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, insert, select

from mailer.bootstrap import Installation, open_installation
from mailer.delivery.memory import MemoryBackend
from mailer.settings import Settings
from mailer.store.reader_tables import limits
from workers.app import make_app
from workers.lookout import look_forever
from workers.queues import QUEUES
from workers.tasks import register_tasks
from workers.workplace import Workplace

NIGHT = datetime(2026, 3, 10, 3, 10, tzinfo=UTC)


def test_every_bell_of_beat_is_answered_on_a_queue_that_is_served() -> None:
    app = make_app("memory://")
    register_tasks(app, Workplace(_no_room))
    served = {queue.name for queue in QUEUES}

    assert {"tick", "recover", "feeds", "purge"} <= set(app.conf.beat_schedule)
    for name, bell in app.conf.beat_schedule.items():
        assert bell["task"] in app.tasks, name
        assert bell["options"]["queue"] in served, name
        assert bell["options"]["expires"] > 0, name


def _no_room() -> Installation:
    raise AssertionError("no task was called")


def test_a_look_purges_at_its_start_and_with_each_new_hour(tmp_path: Path) -> None:
    moments = [NIGHT]
    room = open_installation(
        Settings(database_url=f"sqlite:///{tmp_path / 'mailer.db'}"), clock=lambda: moments[-1]
    )
    left: list[int] = []

    def next_look() -> bool:
        """Note what the look left; a new limit is over; 40 minutes pass."""
        with room.desk.database.write() as connection:
            left.append(connection.scalar(select(func.count()).select_from(limits)) or 0)
            connection.execute(
                insert(limits).values(
                    key=str(moments[-1]), full_at=moments[-1] - timedelta(hours=1)
                )
            )
        moments.append(moments[-1] + timedelta(minutes=40))
        return len(left) == 4

    look_forever(room, MemoryBackend(), wait=next_look)
    room.close()

    # 03:10, 03:50 (the same hour), 04:30, 05:10.
    assert left == [0, 1, 0, 0]
