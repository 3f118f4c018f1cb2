"""A newsroom of the seeds whose pages are served on a real port, with a clock that tests move."""

import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from mailer.bootstrap import Installation, open_installation
from mailer.flows.drain_ledger import drain_ledger
from mailer.settings import Settings
from mailer.web.serving import serving
from tests.browser.mail import Letter, read_letter
from tests.delivery.sinks import SinkServer

CHROMIUM = Path("/usr/bin/chromium")
SEED_MORNING = datetime.fromisoformat("2026-10-22T07:00:00+09:00")


@dataclass
class Town:
    """A served newsroom, the server its mails go to, and its clock."""

    room: Installation
    sink: SinkServer
    address: str
    clock: list[datetime]
    _seen: int = field(default=0)

    def pass_time(self, length: timedelta) -> None:
        """Move the clock."""
        self.clock[0] += length

    def mails(self) -> list[Letter]:
        """Send what is due a minute later, and return what arrived since the last time."""
        # Throttles go by the clock: on one that stands still nothing would ever be let through.
        self.pass_time(timedelta(minutes=1))
        backend = self.room.open_backend()
        try:
            drain_ledger(
                self.room.desk,
                backend,
                clock=self.room.clock,
                window=self.room.settings.smtp_window,
                policy=self.room.settings.in_doubt,
            )
        finally:
            backend.close()
        new = self.sink.mails[self._seen :]
        self._seen += len(new)
        return [read_letter(mail.content) for mail in new]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file.

    Not for those of a process: while it is there an event loop runs in the main thread, and tests
    that start servers with a loop of their own could not.
    """
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium: 'apt install chromium' gets it")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
        )
        yield opened
        opened.close()


@pytest.fixture
def town(seeded_sqlite: Path, tmp_path: Path) -> Iterator[Town]:
    """A newsroom of this test alone."""
    path = tmp_path / "mailer.db"
    shutil.copyfile(seeded_sqlite, path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # Playwright's loop runs in this thread: the server starts its own in another.
    with ThreadPoolExecutor(1) as elsewhere:
        sink = elsewhere.submit(SinkServer).result()
    clock = [SEED_MORNING]
    room = open_installation(
        Settings(
            database_url=f"sqlite:///{path}",
            backend="smtp",
            smtp_url=f"smtp://127.0.0.1:{sink.port}",  # type: ignore[arg-type]
            public_url=f"http://127.0.0.1:{port}",
            site_name="The Meridian Desk",
        ),
        clock=lambda: clock[0],
    )
    with serving(room, "127.0.0.1", port) as address:
        yield Town(room, sink, address, clock)
    room.close()
    sink.stop()


@dataclass(frozen=True)
class Screen:
    """How a reader looks at pages."""

    width: int
    has_scripts: bool
    dark: bool = False

    def open(self, browser: Browser) -> BrowserContext:
        """Open a window like hers."""
        return browser.new_context(
            viewport={"width": self.width, "height": 800},
            java_script_enabled=self.has_scripts,
            color_scheme="dark" if self.dark else "light",
            locale="en-GB",
            timezone_id="Asia/Seoul",
        )


@pytest.fixture(
    params=[
        Screen(1280, True),
        Screen(1280, False),
        Screen(360, True, dark=True),
        Screen(360, False),
    ],
    ids=["1280", "1280-no-script", "360-dark", "360-no-script"],
)
def screen(request: pytest.FixtureRequest) -> Screen:
    """Each kind of screen."""
    found: Screen = request.param
    return found
