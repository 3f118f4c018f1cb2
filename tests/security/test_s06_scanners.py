"""S6: who follows the links of a mail, by GET and HEAD, changes nothing; leaving is a POST."""

import re
from typing import Any

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.flows.leave_mails import Step, leave_mails
from mailer.store.ledger_reading import list_deliveries
from tests.security.lived import digest_of, seeded_sqlite, source_of
from tests.security.mutations import goes_red
from tests.web.conftest import client, open_room, room
from tests.web.mails import deliver
from tests.web.readers import MINA, follow_names, subscription_ids
from tests.web.snapshots import changed, everything
from tests.web.test_subscribing import filled

__all__ = ["client", "open_room", "room", "seeded_sqlite"]


def _mails(client: TestClient, room: Installation) -> list[str]:
    """A digest, a confirmation and a link to preferences, as they are sent."""
    client.post("/subscribe", data=filled(room))
    client.post("/preferences", data={"email": MINA})
    deliver(room, 2)
    with room.desk.database.read() as connection:
        notices = [row for row in list_deliveries(connection) if row.run_id is None]
    return [source_of(room, row) for row in (digest_of(room), *notices)]


def _links(mails: list[str]) -> set[str]:
    """Every address of ours in them, in headers and both parts."""
    found = set()
    for mail in mails:
        found |= set(re.findall(r"https://news\.example(/[^\s\"'<>)\]]*)", mail))
    return found


def _check(client: TestClient, room: Installation) -> None:
    links = _links(_mails(client, room))
    kinds = {link.split("/")[1] for link in links}
    assert kinds >= {"unsubscribe", "preferences", "mute", "view", "confirm"}
    before = everything(room)
    for kind in sorted(kinds):
        # Of each kind some: a digest has hundreds, which differ in their numbers alone.
        for link in sorted(link for link in links if link.split("/")[1] == kind)[:4]:
            for ask in (client.get, client.head):
                assert ask(link).status_code < 400, link
        assert changed(room, before) == set(), kind
    assert deliver(room) == []


def test_s06_a_scanner_that_follows_every_link_changes_nothing(
    client: TestClient, room: Installation
) -> None:
    _check(client, room)


def test_s06_goes_red_when_a_link_unsubscribes(
    client: TestClient, room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailer.web.reader import leaving

    show = leaving._page

    def leave(visit: Any, subscription_id: int, token: str, left: Any = None) -> Response:
        leave_mails(
            visit.room.desk.database,
            subscription_id,
            Step.NEWSLETTER,
            subject="",
            now=visit.now,
            source="link",
        )
        return show(visit, subscription_id, token, left)

    goes_red(lambda: _check(client, room), monkeypatch, mailer__web__reader__leaving___page=leave)


def test_s06_one_click_needs_no_cookie_and_may_be_pressed_twice(
    client: TestClient, room: Installation
) -> None:
    head = source_of(room, digest_of(room)).partition("\r\n\r\n")[0]
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head
    path = head.partition("List-Unsubscribe: <https://news.example")[2].partition(">")[0]
    before = follow_names(room)
    client.cookies.clear()
    first = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert (first.status_code, list(first.cookies)) == (200, [])
    assert len(follow_names(room)) < len(before) or not subscription_ids(room)
    held = everything(room)
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert changed(room, held) == set()
