"""An operator's day, from signing in to a correction: in by pages, out at a mail server."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from mailer.core.operators import Role
from mailer.core.runs import RunState
from mailer.flows.add_operator import add_operator
from tests.browser.at_the_desk import desk, done, heading, press
from tests.browser.conftest import SEED_MORNING, Screen
from tests.browser.mail import read_letter
from tests.browser.office import Office, open_office
from tests.browser.pages import Window, answer_of

OPERATOR, PASSWORD = "ines@news.example", "the ferry sails at nine"
HEADLINE, CORRECTED = "Ferry to Jeju sails again", "Ferry to Jeju sails on Monday"
READERS = 24
REFUSED, BOUNCED = "new03@reader.example", "new05@reader.example"
FILE = "email,name,newsletter,follows,cadence\n" + "".join(
    [f"new{n:02}@reader.example,Reader {n},asia-daily,south-korea,daily\n" for n in range(READERS)]
    + ["no address,Nobody,asia-daily,japan,daily\n", "x@reader.example,X,no-such,japan,daily\n"]
)


@pytest.fixture
def office(seeded_sqlite: Path, tmp_path: Path) -> Iterator[Office]:
    """The newsroom, with one operator who has a password and no codes yet."""
    with open_office(seeded_sqlite, tmp_path, SEED_MORNING) as opened:
        add_operator(
            opened.room.desk.database,
            OPERATOR,
            role=Role.ADMIN,
            password=PASSWORD,
            actor="test",
            now=opened.room.clock(),
        )
        yield opened


def test_an_operators_day(office: Office, browser: Browser) -> None:
    context = Screen(1280, True).open(browser)
    reading = Window(context.new_page(), Screen(1280, True))
    page = reading.page
    sign_in_with_a_code(office, page)
    import_readers(page)
    publish(page)
    make_a_schedule(page)
    look_before_sending(page)
    run_id = send_pause_and_resume(office, page)
    retry_the_refused(office, page, run_id)
    look_at_one_mail(office, page)
    take_a_bounce(office, page)
    ask_why(page)
    correct(office, page)
    reading.require_calm()
    context.close()


def enter(office: Office, page: Page, code: str = "") -> None:
    page.goto(f"{office.address}/operate")
    page.get_by_label("E-mail").fill(OPERATOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("One-time code").fill(code)
    press(page, "Sign in")


def sign_in_with_a_code(office: Office, page: Page) -> None:
    """Set up one-time codes, leave, and see that the password alone lets nobody in any more."""
    enter(office, page)
    heading(page, "Dashboard")
    page.get_by_role("link", name=OPERATOR).click()
    press(page, "Set up")
    codes = pyotp.TOTP(page.locator("input[name=secret]").input_value())
    page.get_by_label("Code", exact=True).fill(codes.at(office.room.clock()))
    press(page, "Turn on")
    expect(page.locator("main")).to_contain_text("One-time codes are on")
    press(page, "Sign out")
    enter(office, page)
    expect(page.get_by_role("alert")).to_be_visible()
    office.pass_time(timedelta(seconds=30))
    enter(office, page, codes.at(office.room.clock()))
    heading(page, "Dashboard")


def import_readers(page: Page) -> None:
    """Import a file with two bad lines: they are named before anything is written."""
    desk(page, "Readers")
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("File").set_input_files(
        {"name": "gala.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    )
    page.get_by_label("The words they agreed to").fill("Ticked 'send me mail' at the gala")
    press(page, "Show what it would do")
    heading(page, "Import: gala.csv")
    main = page.locator("main")
    expect(main).to_contain_text(f"{READERS} would be new")
    expect(main).to_contain_text("Ticked 'send me mail' at the gala")
    bad = page.get_by_role("row").filter(has_text="how to mend it").locator("..").locator("..")
    expect(bad.get_by_role("row")).to_have_count(3)
    expect(bad).to_contain_text("not a mail address")
    expect(bad).to_contain_text("no-such")
    expect(bad.get_by_role("cell").first).to_have_text(str(READERS + 2))
    press(page, f"Import {READERS} readers")
    # The page looks again by itself until a worker has taken them.
    expect(page.locator(".state.done")).to_be_visible(timeout=15_000)
    expect(main).to_contain_text(f"{READERS} new")
    desk(page, "Readers")
    page.get_by_label("Address or name").fill("new0")
    press(page, "Find")
    expect(page.locator("tbody tr")).to_have_count(10)


def publish(page: Page) -> None:
    """Write a story, ask who would get it, and publish it."""
    desk(page, "Stories")
    page.get_by_role("link", name="New story").click()
    page.get_by_label("Headline").fill(HEADLINE)
    page.get_by_label("Address", exact=True).fill("https://news.example/ferry")
    page.get_by_label("Summary").fill("After eleven weeks in dock.")
    page.get_by_label("Places").fill("South Korea")
    page.get_by_label("Topics").fill("Transport")
    page.get_by_label("Lasting name").fill("ferry")
    press(page, "Who would get this?")
    asked = page.locator("main .notice").first
    expect(asked).to_contain_text("readers follow this")
    follows = re.search(r"(\d+) readers follow", asked.inner_text())
    assert follows
    assert int(follows[1]) >= READERS
    expect(page.get_by_label("Headline")).to_have_value(HEADLINE)
    press(page, "Publish")
    heading(page, HEADLINE)
    done(page, "Published")


def make_a_schedule(page: Page) -> None:
    """See the next five dates, with the day the clocks change, before there is a schedule."""
    desk(page, "Schedules")
    before = page.locator("tbody tr").count()
    page.locator("main").get_by_label("Newsletter").select_option("asia-daily")
    page.get_by_label("Local time").fill("02:30")
    page.get_by_label("Days").fill("sun")
    page.get_by_label("Timezone").fill("Europe/Berlin")
    press(page, "Show dates")
    dates = page.locator(".notice").filter(has_text="It would run next")
    assert len(re.findall(r"Sun 2026-1[01]-\d\d 02:30", dates.inner_text())) == 5
    expect(dates).to_contain_text("the clocks show 02:30 twice, it runs at the first")
    press(page, "Add this schedule")
    done(page, "is added")
    expect(page.locator("tbody tr")).to_have_count(before + 1)
    expect(page.locator("tbody tr").last).to_contain_text("Sun 2026-10-25 02:30 (+0200)")


def look_before_sending(page: Page) -> None:
    """Who would get what, and because of which follow; nothing has gone out."""
    desk(page, "Runs")
    press(page, "Dry run")
    heading(page, "Dry run: asia-daily daily")
    mine = page.locator("section.mail").filter(
        has=page.get_by_role("heading", name=BOUNCED, exact=True)
    )
    story = mine.get_by_role("listitem").filter(has_text=HEADLINE)
    expect(story).to_contain_text("reason: You follow south-korea")


def send_pause_and_resume(office: Office, page: Page) -> int:
    """Send now; watch it live in a second tab; pause half way; resume to the end."""
    office.sink.answers[REFUSED] = "554 5.6.0 We take no such mail"
    office.sink.hold()
    button = page.get_by_role("button", name=re.compile(r"Send these \d+ mails now"))
    planned = int(re.findall(r"\d+", button.inner_text())[0])
    assert planned > READERS
    button.click()
    heading(page, re.compile(r"Run \d+: asia-daily daily"))
    run_id = int(page.url.rpartition("/")[2].partition("?")[0])
    board = page.context.new_page()
    board.goto(f"{office.address}/operate")
    live = board.locator("#live")
    expect(live).to_contain_text(f"{planned} = ", timeout=15_000)
    board.evaluate("window.untouched = true")
    office.sink.let_through(6)
    expect(live).to_contain_text(re.compile(r"= [3-6] accepted"), timeout=15_000)
    assert board.evaluate("window.untouched"), "the page changed without being loaded again"
    page.reload()
    press(page, "Pause")
    done(page, "paused")
    office.sink.open()
    office.wait_for(lambda: in_flight(office, page, run_id) == 0, "what was on its way has arrived")
    assert 6 <= len(office.sink.mails) < planned - 5
    expect(page.locator("dl .state")).to_have_text("paused")
    expect(live).to_contain_text("paused", timeout=15_000)
    press(page, "Resume")
    done(page, "goes on")
    office.wait_for_run(run_id, RunState.DONE)
    page.reload()
    expect(page.locator("main dl")).to_contain_text(
        f"{planned} = {planned - 1} accepted + 1 refused"
    )
    expect(live).to_contain_text("Nothing is being sent", timeout=15_000)
    board.close()
    return run_id


def in_flight(office: Office, page: Page, run_id: int) -> int:
    page.goto(f"{office.address}/operate/runs/{run_id}")
    return page.locator(".state.transmitting, .state.claimed").count()


def retry_the_refused(office: Office, page: Page, run_id: int) -> None:
    """Its server takes her mail again: the button sends what was refused, and only that."""
    rows = page.get_by_role("row").filter(has_text=REFUSED)
    expect(rows).to_contain_text("554 5.6.0 We take no such mail")
    before = len(office.sink.mails)
    del office.sink.answers[REFUSED]
    press(page, "Retry what was refused")
    done(page, "tries again")
    office.wait_for(lambda: len(office.sink.mails) > before, "the refused mail")
    office.wait_for_run(run_id, RunState.DONE)
    page.reload()
    expect(rows.first).to_contain_text("refused")
    expect(rows.last).to_contain_text("accepted")
    assert [mail.recipients for mail in office.sink.mails[before:]] == [[REFUSED]]


def look_at_one_mail(office: Office, page: Page) -> None:
    """Find one delivery of all, see its mail drawn, and keep the very bytes that were sent."""
    desk(page, "Deliveries")
    page.get_by_label("Reader").fill(BOUNCED)
    page.get_by_label("Story uid").fill("ferry")
    press(page, "Find")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    rows.get_by_role("link").first.click()
    heading(page, re.compile(r"Delivery \d+"))
    page.locator("iframe").scroll_into_view_if_needed()
    drawn = page.frame_locator("iframe").locator("body")
    expect(drawn).to_contain_text(HEADLINE)
    with page.expect_download() as kept:
        page.get_by_role("link", name="the very bytes").click()
    [sent] = [mail.content for mail in office.sink.mails if mail.recipients == [BOUNCED]]
    assert Path(kept.value.path()).read_bytes() == sent


def take_a_bounce(office: Office, page: Page) -> None:
    """A mail service tells of a bounce: she is suppressed, with its words as evidence."""
    assert office.tell_of_bounce(BOUNCED) == 1
    # Not reloaded: a browser that puts the scroll back moves the page from under the next click.
    page.goto(page.url)
    expect(page.locator("main")).to_contain_text("came back: hard")
    desk(page, "Bounces")
    suppressed = page.get_by_role("row").filter(has_text="hard bounce")
    expect(suppressed).to_contain_text(BOUNCED)
    expect(suppressed).to_contain_text("550 5.1.1 The account does not exist")
    desk(page, "Readers")
    page.get_by_label("Address or name").fill(BOUNCED)
    press(page, "Find")
    page.get_by_role("link", name=BOUNCED).click()
    expect(page.locator(".state.suppressed")).to_be_visible()
    expect(page.get_by_role("button", name="Let her have mail again")).to_be_visible()


def ask_why(page: Page) -> None:
    """From her page: why she got it. And why another reader did not."""
    page.get_by_role("link", name="ferry", exact=True).click()
    told = page.locator("main .notice")
    expect(told).to_contain_text("sent in asia-daily daily")
    expect(page.get_by_role("row").filter(has_text="south-korea")).to_contain_text("matches")
    page.get_by_label("Reader").fill("bronwyn.acourt@example.com")
    press(page, "Why?")
    expect(told).not_to_contain_text("sent in")
    expect(told.locator("strong")).to_have_text("no match")


def correct(office: Office, page: Page) -> None:
    """Correct the story: those whose mail was wrong are told, and she who bounced is not."""
    before = len(office.sink.mails)
    desk(page, "Stories")
    page.get_by_role("link", name=HEADLINE).click()
    page.get_by_label("Headline").fill(CORRECTED)
    page.get_by_label("What was wrong").fill("It sails on Monday, not today.")
    press(page, "Correct")
    heading(page, CORRECTED)
    done(page, "Corrected; who had it is told")
    office.wait_for(lambda: len(office.sink.mails) >= before + READERS - 1, "corrections")
    told = {mail.recipients[0] for mail in office.sink.mails[before:]}
    assert REFUSED in told
    assert BOUNCED not in told
    letter = read_letter(office.sink.mails[-1].content)
    assert "It sails on Monday, not today." in letter.text
    desk(page, "Audit")
    for action in ("readers imported", "story published", "run pause", "run resume", "run retry"):
        expect(page.locator("tbody")).to_contain_text(action)
    assert answer_of(page, "document.title").startswith("Audit")
