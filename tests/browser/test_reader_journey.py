"""A reader's year in five minutes: in by the pages, out at a real SMTP server."""

import urllib.parse
import urllib.request
from datetime import timedelta

from playwright.sync_api import Browser, expect

from mailer.core.readers import Cadence
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from tests.browser.conftest import Screen, Town
from tests.browser.mail import Letter
from tests.browser.pages import Window, window
from tests.web.readers import current_follows, current_mutes, follow_names, reader

READER = "ada.reader@example.org"
MINUTE = timedelta(minutes=1)


def test_from_the_form_to_undo(town: Town, browser: Browser, screen: Screen) -> None:
    with window(browser, screen) as reading:
        subscribe(town, reading)
        [confirmation] = town.mails()
        assert confirmation.to == READER
        reading.go(confirmation.link("confirm"))
        reading.press("Yes, send me The Meridian Daily with these topics")
        expect(reading.page.get_by_role("heading", level=1)).to_have_text("You are subscribed")
        [welcome] = town.mails()
        assert welcome.subject == "Welcome to The Meridian Daily"
        assert follow_names(town.room, READER) == {
            ("asia-daily", "china", "daily"),
            ("asia-daily", "japan", "daily"),
        }
        assert reader(town.room, READER).timezone == "Asia/Seoul"

        digest = send_digest(town)
        reading.go(digest.link("mute"))
        before = current_mutes(town.room, READER)
        reading.page.locator('button[value^="mute:"]').first.click()
        expect(reading.page.get_by_role("status")).to_contain_text("No more stories about")
        assert len(current_mutes(town.room, READER)) == len(before) + 1

        change_preferences(town, reading)

        names = follow_names(town.room, READER)
        one_click(digest.one_click)
        assert current_follows(town.room, READER) == []
        reading.go(digest.link("unsubscribe"))
        reading.press("Undo: everything as it was")
        assert follow_names(town.room, READER) == names
        assert len(reading.judged) > 10


def subscribe(town: Town, reading: Window) -> None:
    """Fill the form as a person does, looking at what it would bring."""
    page = reading.page
    reading.go(town.address)
    assert page.locator("input:checked").count() == 1, "only 'any of them', which is no consent"
    page.get_by_label("The Meridian Daily").check()
    page.get_by_label("China", exact=True).check()
    page.get_by_label("Every day").check()
    if reading.screen.has_scripts:
        expect(page.locator("#outlook")).to_contain_text("China: 11 stories in 14 days")
        page.get_by_label("Find a topic").fill("Giappone")
        page.get_by_label("Find a topic").fill("")
        page.get_by_text("Advanced: write an expression").click()
        page.get_by_label("Expression", exact=True).fill("china & (")
        expect(page.locator("#outlook pre")).to_contain_text("^")
        page.get_by_label("Expression", exact=True).fill("")
    else:
        reading.press("Show me")
        expect(page.locator("#outlook")).to_contain_text("China: 11 stories in 14 days")
        page.get_by_label("Find a topic").fill("Giappone")
        reading.press("Find")
    page.get_by_label("Japan", exact=True).check()
    page.get_by_label("Mail address").fill(READER)
    # Nobody fills a form in no time; the clock of this newsroom stands still.
    town.pass_time(MINUTE)
    reading.press("Subscribe")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")


def send_digest(town: Town) -> Letter:
    """Let the morning's issue go out and return hers."""
    town.pass_time(MINUTE)
    now = town.room.clock()
    run = open_run(town.room.desk.database, "asia-daily", Cadence.DAILY, as_of=now, now=now)
    plan_run(town.room.desk, run.run_id, now=now)
    [letter] = [letter for letter in town.mails() if letter.to == READER]
    assert "China" in letter.html
    return letter


def change_preferences(town: Town, reading: Window) -> None:
    """Ask for the link, open it, and change a rhythm."""
    page = reading.page
    reading.go(f"{town.address}/preferences")
    page.get_by_label("Mail address").fill(READER)
    reading.press("Send me the link")
    [mail] = town.mails()
    reading.go(mail.link("preferences"))
    expect(page.get_by_text(READER)).to_be_visible()
    page.locator('select[name="cadence"]').first.select_option("weekly")
    reading.press("Save")
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    assert ("asia-daily", "china", "weekly") in follow_names(town.room, READER)


def one_click(address: str) -> None:
    """Do what a mail program does: RFC 8058, no cookie, no page."""
    body = urllib.parse.urlencode({"List-Unsubscribe": "One-Click"}).encode()
    with urllib.request.urlopen(urllib.request.Request(address, body), timeout=10) as answer:
        assert answer.status == 200
