"""Takes the pictures in docs/images: `make pictures` (needs /usr/bin/chromium).

They show mails of `mailer demo` and pages of its newsroom that morning, as a browser draws them at
the width of a mail, of a desk and of a telephone, on light and dark screens. `PICTURES` names them
all; a test holds docs/images and the documents to it.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from playwright.sync_api import Browser, StorageState, sync_playwright

from mailer.bootstrap import Installation, open_installation
from mailer.core.tokens import Purpose
from mailer.settings import Settings
from mailer.web.serving import serving
from tools.picture_newsroom import OPERATOR, PASSWORD, Places, set_up

TOP = Path(__file__).parent.parent
IMAGES = TOP / "docs" / "images"
_MORNING = datetime.fromisoformat("2026-10-22T07:30:00+09:00")
_MOST_BYTES = 200_000
_BOTH = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Picture:
    """A mail or a page: at each width so much of its height; `path` as `Places` fills it in."""

    name: str
    path: str
    heights: Mapping[int, int]
    schemes: tuple[str, ...] = ("light",)

    @property
    def is_mail(self) -> bool:
        """A file among the mails of the demo, by a pattern of names."""
        return self.path.endswith(".html")

    @property
    def is_desk(self) -> bool:
        """Seen by who has signed in."""
        return self.path.startswith("/operate")

    def files(self) -> Iterator[tuple[str, int, int, str]]:
        """Yield (file name, width, height, scheme)."""
        for width, height in self.heights.items():
            for scheme in self.schemes:
                suffix = "-dark" if scheme == "dark" else ""
                yield f"{self.name}-{width}{suffix}.png", width, height, scheme


PICTURES = (
    Picture("digest", "*-daily-mina*.html", {600: 1350, 360: 1500}, _BOTH),
    Picture("alert", "*-instant-*.html", {600: 900, 360: 1000}, _BOTH),
    Picture("archive", "/n/asia-daily", {1280: 900, 360: 800}, _BOTH),
    Picture("story", "/stories/md-20261022-03", {1280: 1200, 360: 1300}, _BOTH),
    Picture("print", "/stories/md-20261022-03/print", {1280: 1200, 360: 1300}),
    Picture("subscribe", "/", {1280: 1000, 360: 1000}, _BOTH),
    Picture("preferences", "/preferences/{preferences}", {1280: 1200, 360: 1200}),
    Picture("unsubscribe", "/unsubscribe/{unsubscribe}", {1280: 800, 360: 800}),
    Picture("desk-dashboard", "/operate", {1280: 1000, 360: 1100}, _BOTH),
    Picture("desk-run", "/operate/runs/{run_id}", {1280: 900, 360: 1100}),
    Picture("desk-dry-run", "/operate/runs/dry?newsletter=asia-daily&cadence=daily", {1280: 900}),
    Picture("desk-deliveries", "/operate/deliveries", {1280: 800, 360: 900}),
    Picture("desk-why", "/operate/why?reader={reader}&story=md-20261022-03", {1280: 800}),
    Picture("desk-schedules", "/operate/schedules", {1280: 900}),
    Picture("desk-story", "/operate/story?uid=md-20261022-03", {1280: 900}),
    Picture("desk-tags", "/operate/tags", {1280: 900}),
    Picture("desk-readers", "/operate/readers", {1280: 800}),
    Picture("desk-reader", "/operate/readers/{reader_id}", {1280: 1100}),
    Picture("desk-import", "/operate/imports/{import_id}", {1280: 900, 360: 1000}),
    Picture("desk-letter", "/operate/letters/{letter_id}", {1280: 1000}),
    Picture("desk-webhooks", "/operate/webhooks", {1280: 800}),
    Picture("desk-operators", "/operate/operators", {1280: 800}),
)


def main() -> None:
    """Run the demo in a folder of its own and take every picture."""
    with tempfile.TemporaryDirectory() as folder, _browser() as browser:
        subprocess.run(
            [sys.executable, "-m", "mailer", "demo", "--dir", folder],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        mails = Path(folder, "mails")
        settings = Settings(database_url=f"sqlite:///{folder}/mailer.db", backend="memory")
        room = open_installation(settings, clock=lambda: _MORNING)
        words = _words(room, set_up(room))
        with serving(room, "127.0.0.1", 0, None) as address:
            signed_in = _sign_in(browser, address)
            for picture in PICTURES:
                if picture.is_mail:
                    _take(browser, picture, next(mails.glob(picture.path)).as_uri())
                else:
                    _take(browser, picture, address + picture.path.format_map(words), signed_in)
        room.close()


def _words(room: Installation, places: Places) -> dict[str, object]:
    signer, reader_id = room.desk.signer, places.reader_id
    return {
        "preferences": signer.sign_at(Purpose.PREFERENCES, _MORNING, reader_id),
        "unsubscribe": signer.sign(Purpose.UNSUBSCRIBE, places.subscription_id),
        **{name: getattr(places, name) for name in Places.__slots__},
    }


def _take(
    browser: Browser, picture: Picture, url: str, signed_in: StorageState | None = None
) -> None:
    for name, width, height, scheme in picture.files():
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            timezone_id="Asia/Seoul",
            offline=picture.is_mail,
            storage_state=signed_in if picture.is_desk else None,
        )
        tab = context.new_page()
        answer = tab.goto(url)
        if answer is not None and not answer.ok:
            raise SystemExit(f"{picture.path} was answered {answer.status}")
        path = IMAGES / name
        tab.screenshot(path=path)
        context.close()
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise SystemExit(f"{name} has {size} bytes: take less of the page")
        print(f"{path.relative_to(TOP)}: {size} bytes")


def _sign_in(browser: Browser, address: str) -> StorageState:
    """Sign in once; the cookie serves every page of the desk."""
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(f"{address}/operate")
    tab.get_by_label("E-mail").fill(OPERATOR)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("heading", level=1, name="Dashboard").wait_for()
    signed_in = context.storage_state()
    context.close()
    return signed_in


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
