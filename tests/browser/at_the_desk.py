"""What one does and sees on every page of the desk."""

import re

from playwright.sync_api import Page, expect


def desk(page: Page, name: str) -> None:
    """Go to a desk by its name over the page."""
    page.get_by_label("Desk").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_label("Desk").locator("[aria-current]")).to_have_text(name)


def heading(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def done(page: Page, words: str) -> None:
    expect(page.get_by_role("status")).to_contain_text(words)
