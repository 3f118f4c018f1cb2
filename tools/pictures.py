"""Takes the pictures of mails in docs/images: `make pictures` (needs /usr/bin/chromium).

They show the digest and the alert of `mailer demo`, as a browser draws them at the width of a mail
and of a telephone, on light and on dark screens.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

TOP = Path(__file__).parent.parent
IMAGES = TOP / "docs" / "images"
_WIDTHS = (600, 360)
_HEIGHTS = {"digest": {600: 1350, 360: 1500}, "alert": {600: 900, 360: 1000}}
_MOST_BYTES = 200_000


def main() -> None:
    """Run the demo in a folder of its own and take every picture."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "mailer", "demo", "--dir", folder],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        mails = Path(folder) / "mails"
        take("digest", next(mails.glob("*-daily-mina*.html")))
        take("alert", next(mails.glob("*-instant-*.html")))


def take(name: str, page: Path) -> None:
    """Take the pictures of one mail."""
    with sync_playwright() as play:
        arguments = ["--disable-background-networking"]
        arguments += ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        for width in _WIDTHS:
            for scheme in ("light", "dark"):
                context = browser.new_context(
                    viewport={"width": width, "height": _HEIGHTS[name][width]},
                    color_scheme=scheme,
                    offline=True,
                )
                tab = context.new_page()
                tab.goto(page.as_uri())
                suffix = "-dark" if scheme == "dark" else ""
                path = IMAGES / f"{name}-{width}{suffix}.png"
                tab.screenshot(path=path)
                context.close()
                size = path.stat().st_size
                if size > _MOST_BYTES:
                    raise SystemExit(f"{path.name} has {size} bytes: take less of the page")
                print(f"{path.relative_to(TOP)}: {size} bytes")
        browser.close()


if __name__ == "__main__":
    main()
