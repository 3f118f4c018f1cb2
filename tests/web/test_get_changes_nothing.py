"""GET and HEAD of every route there is leave every row of every table as it was (S6)."""

import re

from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.addresses import read_address
from mailer.core.readers import Cadence
from mailer.core.tokens import Purpose
from mailer.flows.move_address import ask_to_move
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.send_to_friend import send_to_friend
from mailer.store.ledger_reading import list_deliveries
from mailer.store.stories import latest_stories
from tests.web.mails import deliver, link
from tests.web.readers import current_follows, reader, subscription_ids
from tests.web.snapshots import changed, everything
from tests.web.test_subscribing import filled


def tokens(client: TestClient, room: Installation) -> dict[str, str]:
    """A living token for each page that takes one."""
    client.post("/subscribe", data=filled(room))
    confirmation = link(deliver(room)[0], "confirm")
    sign, now, mina = room.desk.signer.sign, room.clock(), reader(room)
    stamp = int(now.timestamp())
    with room.desk.database.read() as connection:
        story = latest_stories(connection, 1)[0]
    run = open_run(room.desk.database, "asia-daily", Cadence.DAILY, as_of=now, now=now)
    plan_run(room.desk, run.run_id, now=now)
    deliver(room)
    with room.desk.database.read() as connection:
        mail = list_deliveries(connection, reader_id=mina.id)[0]
    follow = current_follows(room)[0]
    ask_to_move(room.desk, mina.id, read_address("mina@elsewhere.example"), now=now)
    send_to_friend(
        room.desk,
        story,
        read_address("friend@elsewhere.example"),
        locale="en",
        client="198.51.100.7",
        now=now,
    )
    mails = "\n".join(deliver(room))
    return {
        "confirm": confirmation.removeprefix("/confirm/"),
        "unsubscribe": sign(Purpose.UNSUBSCRIBE, subscription_ids(room)[0]),
        "preferences": sign(Purpose.PREFERENCES, "at", stamp, mina.id),
        "mute": sign(Purpose.MUTE, mina.id, follow.id, story.id),
        "view": sign(Purpose.VIEW, mail.message_id.strip("<>").rpartition("@")[0]),
        "export": sign(Purpose.EXPORT, "at", stamp, mina.id),
        "address": link(mails, "address").removeprefix("/address/"),
        "block": link(mails, "block").removeprefix("/block/"),
    }


def test_get_and_head_of_every_route_change_nothing(client: TestClient, room: Installation) -> None:
    living = tokens(client, room)
    with room.desk.database.read() as connection:
        uid = latest_stories(connection, 1)[0].uid
    known = {"newsletter": "asia-daily", "uid": uid, "run": "1", "run_id": "1", "id": "1"}
    before = everything(room)
    opened = []
    for context in iter_route_contexts(client.app.routes):  # type: ignore[attr-defined]
        path = context.path_format or ""
        if "GET" not in (context.methods or ()):
            continue
        area = path.split("/")[1]

        def fill(match: re.Match[str], area: str = area) -> str:
            name = match[1]
            return living.get(area, "x") if name == "token" else known.get(name, "1")

        address = re.sub(r"\{(\w+)(?::\w+)?\}", fill, path)
        got = client.get(address)
        assert got.status_code < 500, f"{address}: {got.text}"
        assert client.head(address).status_code == got.status_code, address
        if area in living:
            assert got.status_code == 200, address
            opened.append(area)
        assert changed(room, before) == set(), address
    # Of the purposes only UNDO has no page to get, and FORM none at all.
    assert set(opened) == set(Purpose) - {Purpose.UNDO, Purpose.FORM}


def test_get_and_head_of_an_undo_change_nothing(client: TestClient, room: Installation) -> None:
    path = f"/unsubscribe/{tokens(client, room)['unsubscribe']}"
    client.post(path)
    (undo,) = set(re.findall(r'action="(/undo/[^"]+)"', client.get(path).text))
    before = everything(room)
    assert client.get(undo).status_code == client.head(undo).status_code == 405
    assert changed(room, before) == set()
    assert client.post(undo).status_code == 200
    assert changed(room, before) != set()
