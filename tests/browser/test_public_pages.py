"""The public pages in a real browser: no violation of axe, nothing wider than the screen."""

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from mailer.bootstrap import Installation, open_installation
from mailer.core.readers import Cadence
from mailer.core.tokens import Purpose
from mailer.delivery.memory import MemoryBackend
from mailer.flows.drain_ledger import drain_ledger
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.settings import Settings
from mailer.store.ledger_reading import list_deliveries
from mailer.web.serving import serving
from tests.web.conftest import SEED_MORNING

STORY = "/stories/md-20261022-03"
LATER = SEED_MORNING + timedelta(hours=1)


@pytest.fixture
def room(tmp_path: Path, seeded_sqlite: Path) -> Iterator[Installation]:
    """The seeds, with one issue sent; 20 KB a mail, so that some stories are only linked to."""
    path = tmp_path / "mailer.db"
    shutil.copyfile(seeded_sqlite, path)
    settings = Settings(database_url=f"sqlite:///{path}", backend="memory", max_mail_kb=20)
    opened = open_installation(settings, clock=lambda: LATER)
    run_id = open_run(
        opened.desk.database, "asia-daily", Cadence.DAILY, as_of=SEED_MORNING, now=SEED_MORNING
    ).run_id
    plan_run(opened.desk, run_id, now=SEED_MORNING)
    drain_ledger(opened.desk, MemoryBackend(), clock=lambda: SEED_MORNING)
    yield opened
    opened.close()


def paths(room: Installation) -> list[str]:
    """A story in all its forms, archive and issue, and a mail of each kind in the browser."""
    with room.desk.database.read() as connection:
        rows = list_deliveries(connection)
    linked = next(r for r in rows if any(item.shown == "linked" for item in r.items))
    plain = next(r for r in rows if r.format == "text")
    views = []
    for row in (linked, plain):
        local = row.message_id.strip("<>").partition("@")[0]
        views.append(f"/view/{room.desk.signer.sign(Purpose.VIEW, local)}")
    archive = ["/n/asia-daily", f"/n/asia-daily/{linked.run_id}"]
    return [STORY, f"{STORY}/print", f"{STORY}/send", *archive, *views]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "light"), (360, "dark")])
def test_everybody_can_read_the_pages(
    room: Installation, browser: Browser, width: int, scheme: str
) -> None:
    axe = Axe()
    with serving(room, "127.0.0.1", 0) as address:
        # Axe is put into the page as a script, which our policy would not let run.
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            bypass_csp=True,
        )
        page = context.new_page()
        for path in paths(room):
            page.goto(f"{address}{path}")
            found = axe.run(page).response["violations"]
            assert not found, (path, [(one["id"], one["nodes"][0]["html"]) for one in found])
            assert page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            ), path


def test_a_visitor_finds_her_way_without_scripts(room: Installation, browser: Browser) -> None:
    """From the archive to an issue, to a story, to the form with its topics chosen."""
    with serving(room, "127.0.0.1", 0) as address:
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(f"{address}/n/asia-daily")
        page.get_by_role("link", name=re.compile("October 22")).click()
        page.get_by_role("link", name="Tokyo and Seoul end").click()
        assert page.get_by_role("heading", name="See also").is_visible()
        page.get_by_role("link", name="Follow", exact=True).click()
        assert "tags=japan,south-korea" in page.url
        checked = page.locator("input[type=checkbox]:checked")
        assert checked.count() >= 2
