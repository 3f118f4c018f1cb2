"""An installation that has sent its first digests: made once, copied for each test that asks.

A test module imports `seeded_sqlite` from here, and `open_room` then opens copies of this one.
"""

import shutil
from pathlib import Path

import pytest

from mailer.bootstrap import Installation, open_installation
from mailer.core.readers import Cadence
from mailer.core.tokens import Purpose
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.preview_mail import rebuild_mail
from mailer.settings import Settings
from mailer.store.ledger_reading import DeliveryRow, list_deliveries
from mailer.store.stories import latest_stories
from tests.web.conftest import SEED_MORNING
from tests.web.mails import deliver, link
from tests.web.readers import current_follows, reader, subscription_ids

_MADE: dict[Path, Path] = {}


@pytest.fixture(scope="session")
def seeded_sqlite(seeded_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seeds, and the digest of a morning sent to all who wanted it."""
    if seeded_sqlite not in _MADE:
        path = tmp_path_factory.mktemp("lived") / "lived.db"
        shutil.copyfile(seeded_sqlite, path)
        settings = Settings(
            database_url=f"sqlite:///{path}", backend="memory", public_url="https://news.example"
        )
        room = open_installation(settings, clock=lambda: SEED_MORNING)
        run = open_run(
            room.desk.database,
            "asia-daily",
            Cadence.DAILY,
            as_of=SEED_MORNING,
            now=SEED_MORNING,
        )
        plan_run(room.desk, run.run_id, now=SEED_MORNING)
        assert deliver(room)
        room.close()
        _MADE[seeded_sqlite] = path
    return _MADE[seeded_sqlite]


def digest_of(room: Installation) -> DeliveryRow:
    """Mina's digest of that morning."""
    with room.desk.database.read() as connection:
        rows = list_deliveries(connection, reader_id=reader(room).id)
    return next(row for row in rows if row.run_id is not None)


def source_of(room: Installation, row: DeliveryRow) -> str:
    """The bytes of a mail, which are ASCII, with soft line breaks taken out."""
    content = rebuild_mail(room.desk, row.id).content.decode("ascii")
    return content.replace("=\r\n", "").replace("=3D", "=")


def living_tokens(room: Installation, confirm: str) -> dict[Purpose, str]:
    """A token that works for each purpose that has a page; `confirm` came by mail."""
    sign, sign_at, now = room.desk.signer.sign, room.desk.signer.sign_at, room.clock()
    mina, follow = reader(room), current_follows(room)[0]
    with room.desk.database.read() as connection:
        story = latest_stories(connection, 1)[0]
    view = digest_of(room).message_id.strip("<>").rpartition("@")[0]
    return {
        Purpose.CONFIRM: confirm,
        Purpose.UNSUBSCRIBE: sign(Purpose.UNSUBSCRIBE, subscription_ids(room)[0]),
        Purpose.PREFERENCES: sign_at(Purpose.PREFERENCES, now, mina.id),
        Purpose.MUTE: sign(Purpose.MUTE, mina.id, follow.id, story.id),
        Purpose.VIEW: sign(Purpose.VIEW, view),
        Purpose.EXPORT: sign_at(Purpose.EXPORT, now, mina.id),
    }


def confirmation(room: Installation) -> str:
    """The token of the one confirmation that is due."""
    return link(deliver(room, 1)[0], "confirm").removeprefix("/confirm/")
