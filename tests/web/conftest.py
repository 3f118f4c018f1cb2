"""An installation with the seed newsroom on SQLite, its pages, and a clock that stands."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation, open_installation
from mailer.core.tokens import Purpose
from mailer.settings import Settings
from mailer.web.application import make_app
from tests.web.readers import reader

SEED_MORNING = datetime.fromisoformat("2026-10-22T07:00:00+09:00")
Opener = Callable[..., Installation]


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


@pytest.fixture
def path(room: Installation) -> str:
    """A link to her preferences that was mailed just now."""
    token = room.desk.signer.sign_at(Purpose.PREFERENCES, room.clock(), reader(room).id)
    return f"/preferences/{token}"
