"""The bench in a real browser: it draws itself anew on save, keeps the choice, follows keys."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from mailer.bootstrap import open_installation
from mailer.render.environment import packaged_templates
from mailer.settings import Settings
from mailer.web.serving import serving
from tests.browser.pages import answer_of


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A folder of templates of somebody's own."""
    own = tmp_path / "own"
    shutil.copytree(packaged_templates() / "email" / "digest", own / "email" / "digest")
    return own


@pytest.fixture
def bench(tmp_path: Path, migrated_sqlite: Path, templates: Path) -> Iterator[str]:
    """The address of the pages of an installation without a single row."""
    shutil.copyfile(migrated_sqlite, tmp_path / "mailer.db")
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'mailer.db'}", templates=templates)
    room = open_installation(settings)
    with serving(room, "127.0.0.1", 0) as address:
        yield address
    room.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab, and nothing in it may go wrong."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield tab
    tab.close()
    assert not wrong


def edit(templates: Path, old: str, new: str) -> None:
    """Save in one go, as editors do that rename: half a file is a mistake of its own."""
    path = templates / "email" / "digest" / "body.html"
    saved = path.with_suffix(".saved")
    saved.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    saved.replace(path)


def settle(page: Page) -> None:
    """Wait until all frames are there: one asked after a mistake was saved is refused."""
    page.wait_for_load_state("load")


def test_a_saved_template_is_seen_and_the_choice_is_kept(
    bench: str, page: Page, templates: Path
) -> None:
    page.goto(f"{bench}/dev/preview?mail=digest&locale=it")
    desktop = page.frame_locator('iframe[title="Desktop"]')
    desktop.get_by_text("The Sample Daily").first.wait_for()

    edit(templates, "{{ draw.masthead(mail) }}", "<tr><td><h1>Dawn edition</h1></td></tr>")
    desktop.get_by_text("Dawn edition").wait_for()
    assert page.url.endswith("/dev/preview?mail=digest&locale=it")

    settle(page)
    edit(templates, "Dawn edition", "{{ mail.newsleter }}")
    page.get_by_text("did you mean 'newsletter'?").wait_for()
    assert page.locator(".excerpt .it").inner_text().startswith(">")

    edit(templates, "mail.newsleter", "mail.newsletter")
    desktop.get_by_role("heading", name="The Sample Daily").wait_for()


_PAINTED = """() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return paint ? performance.timeOrigin + paint.startTime : null;
}"""


def test_a_save_is_on_the_screen_within_a_second(bench: str, page: Page, templates: Path) -> None:
    page.goto(f"{bench}/dev/preview?mail=digest")
    seen, seconds = "{{ draw.masthead(mail) }}", []
    # The best of three: on a machine that others keep busy a single one says little about us.
    for number in range(3):
        words = f"Edition number {number}"
        # The watch has to run before the clock does.
        settle(page)
        saved_at = time.time()
        edit(templates, seen, f"<tr><td><h1>{words}</h1></td></tr>" if number == 0 else words)
        page.frame_locator('iframe[title="Desktop"]').get_by_text(words).wait_for()
        frame = next(f for f in page.frames if "screen=light" in f.url and words in f.content())
        # When the browser painted it, by the browser's own clock, not when we came to ask.
        seconds.append(answer_of(frame, _PAINTED) / 1000 - saved_at)
        if 0 < seconds[-1] < 1:
            return
        seen = words
    pytest.fail(f"a save was seen after {seconds} seconds")


def test_keys_choose_panes_and_mails(bench: str, page: Page) -> None:
    page.goto(f"{bench}/dev/preview")
    page.keyboard.press("2")
    page.get_by_text("360 px, dark").wait_for()
    dark = page.frame_locator('iframe[title="Desktop, dark"]').locator("body")
    assert dark.evaluate("b => getComputedStyle(b).backgroundColor") == "rgb(18, 17, 16)"
    page.keyboard.press("n")
    page.get_by_text("sample of alert").wait_for()
    page.keyboard.press("6")
    page.locator(".findings").wait_for()
    page.keyboard.press("p")
    page.get_by_text("sample of digest").wait_for()
    assert "pane=lint" in page.url


def test_the_verdict_of_lint_comes_by_itself(bench: str, page: Page) -> None:
    page.goto(f"{bench}/dev/preview?mail=welcome")
    page.get_by_text("0 errors, 0 warnings").wait_for()


def test_nothing_stands_in_the_way_of_anybody(bench: str, page: Page) -> None:
    for path in ("preview", "preview?pane=lint", "preview?pane=headers", "mailbox"):
        page.goto(f"{bench}/dev/{path}")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_is_wider_than_the_window(bench: str, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in (
        "/dev/preview",
        "/dev/preview?pane=source",
        "/dev/preview?pane=lint",
        "/dev/mailbox",
    ):
        page.goto(bench + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
