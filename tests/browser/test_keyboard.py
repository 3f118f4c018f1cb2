"""A reader without a mouse: each thing she needs is reached by keys, and seen to be reached."""

import re
from datetime import timedelta

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Screen, Town
from tests.browser.pages import Window, answer_of, window
from tests.web.readers import current_mutes, follow_names

READER = "kay.board@example.org"
_MOST_TABS = 150
# The name of what has the focus, once a ring is drawn around it or its label.
_SEEN = """() => {
  const one = document.activeElement;
  if (!one || one === document.body || one.id === 'main') return 'nothing';
  const drawn = e => e && getComputedStyle(e).outlineStyle !== 'none';
  const words = one.labels && one.labels.length ? one.labels[0].innerText : one.innerText;
  const name = (one.getAttribute('aria-label') || words || 'nameless').trim().split('\\n')[0];
  return (drawn(one) || drawn(one.closest('label'))) && name;
}"""


def reach(page: Page, name: str) -> None:
    """Press Tab until the thing of that name has the focus; it must be seen to have it."""
    passed = []
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        # A page that has only just come draws its first ring a moment later.
        words = answer_of(page, _SEEN)
        passed.append(words)
        if re.fullmatch(name, words):
            return
    raise AssertionError(f"no key leads to '{name}': {passed}")


def enter(reading: Window, key: str = "Enter") -> None:
    """Press a key that sends a form or follows a link, and judge the page that comes."""
    with reading.page.expect_navigation() as navigation:
        reading.page.keyboard.press(key)
    reading.judge(navigation.value)


def test_from_the_form_to_undo_by_keys_alone(town: Town, browser: Browser) -> None:
    with window(browser, Screen(1280, has_scripts=True)) as reading:
        page, keys = reading.page, reading.page.keyboard
        reading.go(f"{town.address}/?tags=china,japan")
        reach(page, "The Meridian Daily")
        keys.press("Space")
        reach(page, "As it happens")
        keys.press("ArrowDown")
        reach(page, "Mail address")
        keys.type(READER)
        town.pass_time(timedelta(minutes=1))
        enter(reading)
        expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")

        [confirmation] = town.mails()
        reading.go(confirmation.link("confirm"))
        reach(page, "Yes, send me The Meridian Daily.*")
        enter(reading, "Space")
        [welcome] = town.mails()
        followed = follow_names(town.room, READER)
        assert [cadence for _, _, cadence in followed] == ["daily"]

        reading.go(f"{town.address}/preferences")
        reach(page, "Mail address")
        keys.type(READER)
        enter(reading)
        [mail] = town.mails()
        reading.go(mail.link("preferences"))
        page.locator("#mute-new").focus()
        keys.type("sport")
        reach(page, "Mute")
        enter(reading, "Space")
        assert current_mutes(town.room, READER) == ["sport"]

        reading.go(welcome.link("unsubscribe"))
        reach(page, "Once a week instead")
        enter(reading)
        assert [cadence for _, _, cadence in follow_names(town.room, READER)] == ["weekly"]
        reach(page, "Undo: everything as it was")
        enter(reading)
        assert follow_names(town.room, READER) == followed
        reading.go(welcome.link("unsubscribe"))
        reach(page, "Unsubscribe from The Meridian Daily")
        enter(reading)
        assert follow_names(town.room, READER) == set()
