"""An installation with the seed newsroom on SQLite, its pages, and a clock that stands."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation, open_installation, packaged_seeds
from mailer.flows.load_seeds import load_seeds
from mailer.settings import Settings
from mailer.web.application import make_app

SEED_MORNING = datetime.fromisoformat("2026-10-22T07:00:00+09:00")
Opener = Callable[..., Installation]


@pytest.fixture(scope="session")
def seeded_sqlite(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Path:
    """A database file with the seeds, to copy."""
    path = tmp_path_factory.mktemp("seeded") / "seeded.db"
    shutil.copyfile(migrated_sqlite, path)
    room = open_installation(Settings(database_url=f"sqlite:///{path}", backend="memory"))
    load_seeds(room.desk.database, packaged_seeds())
    room.close()
    return path


@pytest.fixture
def open_room(tmp_path: Path, seeded_sqlite: Path) -> Iterator[Opener]:
    """Open an installation on a copy of the seeds, with settings of the test's own."""
    rooms = []

    def opener(now: datetime = SEED_MORNING, **changes: object) -> Installation:
        path = tmp_path / "mailer.db"
        if not path.exists():
            shutil.copyfile(seeded_sqlite, path)
        values = {"backend": "memory", "public_url": "https://news.example"} | changes
        settings = Settings(database_url=f"sqlite:///{path}", **values)  # type: ignore[arg-type]
        rooms.append(open_installation(settings, clock=lambda: now))
        return rooms[-1]

    yield opener
    for room in rooms:
        room.close()


@pytest.fixture
def room(open_room: Opener) -> Installation:
    """The installation most tests ask."""
    return open_room()


@pytest.fixture
def client(room: Installation) -> Iterator[TestClient]:
    """A browser without a screen: it follows no redirect and raises no error of the server."""
    with TestClient(
        make_app(room),
        base_url="https://news.example",
        raise_server_exceptions=False,
        follow_redirects=False,
    ) as opened:
        yield opened
