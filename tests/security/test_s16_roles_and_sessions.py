"""S16: nothing is open that was not opened, and a session ends with what made it."""

import pytest

from mailer.bootstrap import Installation
from mailer.core.operators import Role
from mailer.core.passwords import hash_password
from mailer.flows.change_operator import change_operator
from tests.security.mutations import goes_red
from tests.web.conftest import client, open_room, room
from tests.web.desk_browser import Browser, staffed
from tests.web.test_desk import OPEN, SAFE, filled, routes

__all__ = ["client", "open_room", "room"]


def _check(room: Installation) -> None:
    """Let somebody without a session, and a viewer, ask every route that is not theirs."""
    nobody, viewer = Browser(room, None), Browser(room, Role.VIEWER)
    refused = 0
    for method, template, needed in routes(room):
        if needed is None:
            assert template in OPEN, template
            continue
        path = filled(template)
        answer = nobody.client.request(method, path)
        assert answer.status_code == (303 if method in SAFE else 403), (method, path)
        if not Role.VIEWER.covers(needed):
            data = None if method in SAFE else {"csrf": viewer.csrf}
            answer = viewer.client.request(method, path, data=data)
            assert answer.status_code == 403, (method, path)
            refused += 1
    assert refused > 10


def test_s16_every_route_is_closed_to_who_may_not(room: Installation) -> None:
    _check(staffed(room))


def test_s16_goes_red_when_every_role_covers_every_other(
    room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    staffed(room)
    nothing_refused = Role.VIEWER.covers(Role.ADMIN)
    assert not nothing_refused
    goes_red(
        lambda: _check(room), monkeypatch, mailer__core__operators__Role__covers=lambda *_: True
    )


def test_s16_a_session_ends_with_the_role_it_was_given(room: Installation) -> None:
    staffed(room)
    editor = Browser(room, Role.EDITOR)
    editor.get("/operate")
    change_operator(
        room.desk.database,
        "editor@news.example",
        role=Role.VIEWER,
        actor="test",
        now=room.clock(),
    )
    editor.get("/operate", 303)


def test_s16_passwords_are_kept_as_argon2id() -> None:
    assert hash_password("correct horse battery", b"sixteen bytes ok").startswith("$argon2id$")
