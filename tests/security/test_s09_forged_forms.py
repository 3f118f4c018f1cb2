"""S9: no other site can make an operator's browser change anything (CVE-2025-58430)."""

import pytest

from mailer.bootstrap import Installation
from mailer.core.operators import Role
from tests.security.mutations import goes_red
from tests.web.conftest import client, open_room, room
from tests.web.desk_browser import Browser, staffed
from tests.web.snapshots import everything
from tests.web.test_desk import SAFE, filled, routes

__all__ = ["client", "open_room", "room"]

_OTHERS = ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"})


def _check(room: Installation, browser: Browser) -> None:
    """Ask every changing route without the token, with another's, and from another site."""
    before = everything(room)
    asked = 0
    for method, template, needed in routes(room):
        if method in SAFE or needed is None:
            continue
        for csrf, headers in [
            ("", {}),
            ("x" * 43, {}),
            *((browser.csrf, each) for each in _OTHERS),
        ]:
            answer = browser.client.request(
                method, filled(template), data={"csrf": csrf}, headers=headers
            )
            assert answer.status_code == 403, (method, template, answer.status_code)
        asked += 1
    assert asked > 10
    assert everything(room) == before


def test_s09_no_form_of_another_site_changes_anything(room: Installation) -> None:
    _check(room, Browser(staffed(room), Role.ADMIN))


def test_s09_goes_red_when_the_token_is_not_compared(
    room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(staffed(room), Role.ADMIN)
    goes_red(lambda: _check(room, browser), monkeypatch, hmac__compare_digest=lambda *_: True)
