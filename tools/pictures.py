"""Takes the pictures in docs/images: `make pictures` (needs /usr/bin/chromium).

They show the digest and the alert of `mailer demo` and pages of its newsroom that morning, as a
browser draws them at the width of a mail, of a desk and of a telephone, on light and dark screens.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from mailer.bootstrap import open_installation
from mailer.settings import Settings
from mailer.web.serving import serving

TOP = Path(__file__).parent.parent
IMAGES = TOP / "docs" / "images"
_MORNING = datetime.fromisoformat("2026-10-22T07:30:00+09:00")
_MAILS = {"digest": {600: 1350, 360: 1500}, "alert": {600: 900, 360: 1000}}
# By their path: how much of each is shown at which width.
_PAGES = {
    "archive": ("/n/asia-daily", {1280: 900, 360: 800}),
    "story": ("/stories/md-20261022-03", {1280: 1200, 360: 1300}),
    "print": ("/stories/md-20261022-03/print", {1280: 1200, 360: 1300}),
}
_MOST_BYTES = 200_000


def main() -> None:
    """Run the demo in a folder of its own and take every picture."""
    with tempfile.TemporaryDirectory() as folder, _browser() as browser:
        subprocess.run(
            [sys.executable, "-m", "mailer", "demo", "--dir", folder],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        mails = Path(folder) / "mails"
        take(browser, "digest", next(mails.glob("*-daily-mina*.html")).as_uri(), _MAILS["digest"])
        take(browser, "alert", next(mails.glob("*-instant-*.html")).as_uri(), _MAILS["alert"])
        settings = Settings(database_url=f"sqlite:///{folder}/mailer.db", backend="memory")
        room = open_installation(settings, clock=lambda: _MORNING)
        with serving(room, "127.0.0.1", 0, None) as address:
            for name, (path, heights) in _PAGES.items():
                take(browser, name, address + path, heights)
        room.close()


def take(browser: Browser, name: str, address: str, heights: dict[int, int]) -> None:
    """Take the pictures of one mail or page: at each width so much of its height."""
    for width, height in heights.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                offline=address.startswith("file:"),
            )
            tab = context.new_page()
            tab.goto(address)
            suffix = "-dark" if scheme == "dark" else ""
            path = IMAGES / f"{name}-{width}{suffix}.png"
            tab.screenshot(path=path)
            context.close()
            size = path.stat().st_size
            if size > _MOST_BYTES:
                raise SystemExit(f"{path.name} has {size} bytes: take less of the page")
            print(f"{path.relative_to(TOP)}: {size} bytes")


@contextmanager
def _browser() -> Iterator[Browser]:
    arguments = ["--disable-background-networking"]
    arguments += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        yield browser
        browser.close()


if __name__ == "__main__":
    main()
