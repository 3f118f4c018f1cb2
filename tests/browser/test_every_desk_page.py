"""Every page of the desk, found by asking the application, with nothing kind in it.

What a person would see at once: it fits her screen, has one heading and a title, works without
scripts, and neither axe nor the browser's console has anything to say.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from html5lib.html5parser import ParseError
from playwright.sync_api import Browser, BrowserContext, expect

from mailer.bootstrap import Installation, open_installation
from mailer.settings import Settings
from mailer.web.application import make_app
from mailer.web.serving import serving
from tests.browser.conftest import SEED_MORNING, Screen
from tests.browser.full_desk import ADMIN, LONG, NOUR, PASSWORD, SCRIPT, Filled, fill_desk
from tests.browser.pages import Window

DESK = "/operate"
# What is no page: a stream, a mail for a frame that shows it, and files.
NO_PAGES = {
    f"{DESK}/live",
    f"{DESK}/deliveries/{{delivery_id}}/mail",
    f"{DESK}/deliveries/{{delivery_id}}/source",
    f"{DESK}/imports/{{import_id}}/rejects.csv",
    f"{DESK}/newsletter/mail",
    f"{DESK}/letters/{{letter_id}}/mail",
}
# What a page is asked for, where its path alone shows little.
QUESTIONS = {
    "newsletter": {"slug": "asia-daily"},
    "newsletter/preview": {"slug": "asia-daily", "reader": NOUR},
    "runs/dry": {"newsletter": "asia-daily", "cadence": "weekly"},
    "schedules": {
        "newsletter": "asia-daily",
        "cadence": "daily",
        "at": "02:30",
        "timezone": "Europe/Berlin",
    },
    "tag": {"slug": "china"},
    "why": {"reader": NOUR, "story": LONG[:200]},
    "story": {"uid": LONG[:200]},
    "story/edit": {"uid": LONG[:200]},
}
# Words that are on a page when it shows what there is.
SHOWN = {
    "": ["Somebody must decide", LONG, "Domains that hold us back"],
    "audit": ["webhook added", "hookhookhook"],
    "bounces": [SCRIPT, "hard", "envelope"],
    "deliveries": ["subdomain.subdomain", "in doubt", SCRIPT],
    "deliveries/{delivery_id}": [SCRIPT, "came back: hard", "Message-ID"],
    "feeds": ["answered 500", "pathpathpath"],
    "imports/{import_id}": [SCRIPT, "lines not taken", "Nowhere/At_All"],
    "letters": [SCRIPT, "subdomain.subdomain"],
    "letters/{letter_id}": [SCRIPT, "would get this", "As a reader sees it"],
    "newsletter": ["The Meridian Daily"],
    "newsletters": ["The Meridian Daily"],
    "newsletter/preview": ["Nothing is sent or written down"],
    "readers": ["subdomain.subdomain", SCRIPT, "نور الهدى"],
    "readers/import": [LONG[:100]],
    "readers/{reader_id}": ["نور الهدى", "hard bounce", SCRIPT],
    "runs": ["paused", "accepted"],
    "runs/dry": ["plan hash", "reason: You follow"],
    "runs/{run_id}": ["refused", SCRIPT],
    "schedules": ["It would run next", "Asia/Seoul"],
    "stories": [LONG[:200], SCRIPT, "نور الهدى"],
    "story": [LONG[:200], "readers follow this"],
    "story/edit": [LONG[:200], "Embargo"],
    "tag": ["North Korea", "Follows that name it"],
    "tags": [SCRIPT, "North Korea"],
    "webhooks": ["hookhookhook", "webhook.test"],
    "why": ["sent in asia-daily daily", "matches"],
}
PHONE = Screen(360, True, dark=True)


@pytest.fixture(scope="module")
def room(seeded_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The newsroom, some minutes after all went wrong."""
    path = tmp_path_factory.mktemp("desk") / "mailer.db"
    shutil.copyfile(seeded_sqlite, path)
    clock = [SEED_MORNING]
    settings = Settings(
        database_url=f"sqlite:///{path}", backend="memory", public_url="http://127.0.0.1"
    )
    room = open_installation(settings, clock=lambda: clock[0])
    yield room
    room.close()


@pytest.fixture(scope="module")
def filled(room: Installation) -> Filled:
    """Where things stand."""
    return fill_desk(room)


@pytest.fixture(scope="module")
def address(room: Installation, filled: Filled) -> Iterator[str]:
    """Where the desk is served."""
    with serving(room, "127.0.0.1", 0) as address:
        yield address


def pages(room: Installation) -> list[str]:
    """Each path of the desk that is a page, as the application has it."""
    return [
        str(context.path)
        for context in iter_route_contexts(make_app(room).routes)
        if isinstance(context.route, APIRoute)
        and str(context.path).startswith(DESK)
        and "GET" in (context.route.methods or ())
        and str(context.path) not in NO_PAGES
    ]


def short(path: str) -> str:
    return path.removeprefix(DESK).removeprefix("/")


def link(path: str, filled: Filled) -> str:
    """The path with the ids of what is there; a page that asks for others must be told of here."""
    asked = path.format(**{name: quote(str(value)) for name, value in asdict(filled).items()})
    query = QUESTIONS.get(short(path))
    return f"{asked}?{urlencode(query)}" if query else asked


def sign_in(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    page.goto(f"{address}{DESK}")
    page.get_by_label("E-mail").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
    page.close()


@pytest.mark.parametrize("screen", [Screen(1280, True), PHONE], ids=["1280", "360-dark"])
def test_every_page_is_sound(
    room: Installation, filled: Filled, address: str, browser: Browser, screen: Screen
) -> None:
    found = pages(room)
    assert {short(path) for path in found} >= SHOWN.keys()
    context = screen.open(browser)
    sign_in(context, address)
    reading = Window(context.new_page(), screen)
    problems = []
    for path in found:
        try:
            reading.go(address + link(path, filled))
            page = reading.page
            assert page.locator("h1").count() == 1
            assert len(page.title().partition("·")[0].strip()) > 2
            said = page.locator("main").inner_text()
            for words in SHOWN.get(short(path), ()):
                assert words in said, f"no {words[:40]!r}"
            assert "None" not in re.split(r"[\n\t]", said)
        except (AssertionError, ParseError) as problem:
            problems.append(f"{path}: {str(problem)[:600]}")
            reading.forget()
    context.close()
    assert problems == [], "\n\n".join(problems)


def test_every_page_works_without_scripts_and_in_between(
    room: Installation, filled: Filled, address: str, browser: Browser
) -> None:
    """No width between a telephone's and a desk's lets a page stick out, either."""
    plain = Screen(800, False)
    context = plain.open(browser)
    sign_in(context, address)
    page = context.new_page()
    wide = []
    for path in pages(room):
        page.goto(address + link(path, filled))
        said = page.locator("main").inner_text()
        missing = [words[:40] for words in SHOWN.get(short(path), ()) if words not in said]
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > plain.width or missing:
            wide.append((path, width, missing))
    context.close()
    assert wide == []


def test_moments_are_told_in_the_zone_of_whoever_looks(
    filled: Filled, address: str, browser: Browser
) -> None:
    for has_scripts, told, zone in (
        (True, f"{SEED_MORNING:%Y-%m-%d %H:%M}", "Asia/Seoul"),
        (False, f"{SEED_MORNING - timedelta(hours=9):%Y-%m-%d %H:%M}", "UTC"),
    ):
        context = Screen(1280, has_scripts).open(browser)
        sign_in(context, address)
        page = context.new_page()
        page.goto(f"{address}{DESK}/runs/{filled.run_id}")
        expect(page.locator("dd time").first).to_have_text(told)
        expect(page.get_by_role("contentinfo")).to_contain_text(zone)
        context.close()
