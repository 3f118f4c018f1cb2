"""Waiting for a run: to its end, which is written a moment behind its last mail."""

from pathlib import Path

from sqlalchemy import text

from mailer.bootstrap import open_installation
from mailer.cli.watching import look_at_run
from mailer.core.runs import Run, RunState
from mailer.settings import Settings
from tests.cli.conftest import Mailer


def test_a_run_without_open_mails_is_watched_until_its_end_is_written(
    seeded: Mailer, seeded_url: str, tmp_path: Path
) -> None:
    words = ("send", "asia-daily", "daily", "--as-of", "2026-10-22T05:00:00+00:00", "--json")
    run_id = int(seeded(*words).json["id"])
    room = open_installation(Settings(database_url=seeded_url, backend="memory"))
    seen: list[RunState] = []

    def put(state: RunState) -> None:
        with room.desk.database.write() as connection:
            connection.execute(text("UPDATE runs SET state = :state"), {"state": state.value})

    def write_the_end_late(run: Run) -> None:
        seen.append(run.state)
        if len(seen) == 4:
            put(RunState.DONE)

    put(RunState.SENDING)
    assert look_at_run(room, run_id, write_the_end_late, every_seconds=0).state is RunState.DONE
    assert seen == [RunState.SENDING] * 4 + [RunState.DONE]
    room.close()
