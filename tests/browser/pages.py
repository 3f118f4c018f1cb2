"""A page as a reader has it before her, and what must hold for every one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import html5lib
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Frame, Page, Response

from tests.browser.conftest import Screen

# WCAG 2.2 AA, and what axe calls best practice.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Window:
    """One window. Every page that comes into it is judged."""

    def __init__(self, page: Page, screen: Screen) -> None:
        self.page = page
        self.screen = screen
        self.judged: list[str] = []
        self._complaints: list[str] = []
        page.on("console", lambda message: self._complain(message.type, message.text))
        page.on("pageerror", lambda error: self._complaints.append(str(error)))
        page.on("request", self._stay_here)

    def go(self, address: str, status: int = 200) -> None:
        """Open an address and judge the page."""
        self.judge(self.page.goto(address), status)

    def press(self, name: str) -> None:
        """Press the button of a name and judge the page that comes."""
        with self.page.expect_navigation() as navigation:
            self.page.get_by_role("button", name=name, exact=True).first.click()
        self.judge(navigation.value)

    def judge(self, response: Response | None, status: int = 200) -> None:
        """Hold a page that came against all that holds for every page."""
        assert response is not None
        assert response.status == status, f"{response.status} {response.url}"
        html5lib.HTMLParser(strict=True).parse(response.text())
        # The root's scroll width, not the body's: what sticks out must not move the page.
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= self.screen.width, f"{response.url} scrolls sideways"
        if self.screen.has_scripts:
            # A mail's frame runs no scripts: axe could not judge it, and its asking is an error.
            options = {"runOnly": _RULES, "resultTypes": ["violations"], "iframes": False}
            found = Axe().run(self.page, options=options)
            assert found.violations_count == 0, found.generate_report()
        assert self._complaints == [], self._complaints
        self.judged.append(response.url)

    def require_calm(self) -> None:
        """Fail when the browser's console had anything to say of the pages so far."""
        assert self._complaints == [], self._complaints

    def forget(self) -> None:
        """Forget what the last page complained of: the next one is judged by itself."""
        self._complaints.clear()

    def _complain(self, kind: str, text: str) -> None:
        # The browser complains of every status that is no success: those are asked for.
        if kind in ("error", "warning") and "the server responded with a status" not in text:
            self._complaints.append(text)

    def _stay_here(self, request: object) -> None:
        url = getattr(request, "url", "")
        assert url.startswith("http://127.0.0.1:"), f"a page asks {url}"


@contextmanager
def window(browser: Browser, screen: Screen) -> Iterator[Window]:
    """Open a window, and close it."""
    context = screen.open(browser)
    try:
        yield Window(context.new_page(), screen)
    finally:
        context.close()


def answer_of(place: Page | Frame, question: str, *, seconds: float = 5) -> Any:
    """Ask a script until it says something.

    Not by wait_for_function: what is not there at once it asks again by eval, which our pages'
    policy refuses.
    """
    ends_at = time.monotonic() + seconds
    while not (answer := place.evaluate(question)):
        assert time.monotonic() < ends_at, f"no answer in {seconds} s: {question}"
        time.sleep(0.02)
    return answer
