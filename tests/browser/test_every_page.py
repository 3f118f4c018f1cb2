"""Pages off the beaten track: readable, strict, and without a fault axe could find."""

from datetime import timedelta

import pytest
from html5lib.html5parser import ParseError
from playwright.sync_api import Browser, Route

from mailer.core.addresses import read_address
from mailer.core.tokens import Purpose
from mailer.flows.leave_mails import Step, leave_mails
from mailer.flows.move_address import ask_to_move
from mailer.store.stories import latest_stories
from tests.browser.conftest import Screen, Town
from tests.browser.pages import window
from tests.web.readers import current_follows, reader, subscription_ids

SCREENS = [Screen(1280, True), Screen(360, True, dark=True)]


@pytest.mark.parametrize("screen", SCREENS, ids=["1280", "360-dark"])
def test_every_page_is_sound(town: Town, browser: Browser, screen: Screen) -> None:
    room, sign = town.room, town.room.desk.signer.sign
    mina, [subscription_id, *_] = reader(room), subscription_ids(room)
    stamp = int(room.clock().timestamp())
    with room.desk.database.read() as connection:
        story = latest_stories(connection, 1)[0]
    ask_to_move(room.desk, mina.id, read_address("mina@new.example"), now=room.clock())
    [move] = town.mails()
    fresh = f"/preferences/{sign(Purpose.PREFERENCES, 'at', stamp, mina.id)}"
    with window(browser, screen) as reading:
        for path, status in (
            ("/?tags=china,north-korea&newsletter=asia-daily", 200),
            ("/preferences", 200),
            (f"/preferences/{sign(Purpose.PREFERENCES, mina.id, subscription_id)}", 200),
            (fresh, 200),
            (f"{fresh}?done=saved&undo=x", 200),
            (f"/mute/{sign(Purpose.MUTE, mina.id, current_follows(room)[0].id, story.id)}", 200),
            (f"/unsubscribe/{sign(Purpose.UNSUBSCRIBE, subscription_id)}", 200),
            ("/nowhere", 404),
            (f"/confirm/{sign(Purpose.CONFIRM, 'at', stamp - 999_999, 1)}", 410),
        ):
            reading.go(town.address + path, status)
        reading.go(move.link("address"))
        reading.press("Yes, use this address")
        left = leave_mails(
            room.desk.database, subscription_id, Step.EVERYTHING, now=room.clock(), source="test"
        )
        assert left.change_id is not None
        reading.go(f"{town.address}/unsubscribe/{sign(Purpose.UNSUBSCRIBE, subscription_id)}")
        town.pass_time(timedelta(minutes=1))
        reading.press("Undo: everything as it was")


_PAGE = '<!DOCTYPE html><html lang="en"><head><title>t</title></head><body>{}</body></html>'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('<main><h1>a</h1><img src="/healthz"></main>', id="an image without words"),
        pytest.param(
            '<main><h1>a</h1><p style="color:#ccc">Pale words</p></main>',
            id="too little contrast",
        ),
        pytest.param('<main><h1 style="width:900px">a</h1></main>', id="wider than the screen"),
        pytest.param("<main><h1>a</h1><p></div></main>", id="no HTML"),
    ],
)
def test_the_judge_sees_what_is_wrong(town: Town, browser: Browser, body: str) -> None:
    with window(browser, Screen(360, True)) as reading:

        def answer(route: Route) -> None:
            route.fulfill(body=_PAGE.format(body), content_type="text/html")

        reading.page.route("**/bad", answer)
        with pytest.raises((AssertionError, ParseError)):
            reading.go(f"{town.address}/bad")
