"""S8: whoever types an address learns nothing of it: same status, same bytes, same work.

Work is what the database is asked, word for word, and how often each function is called that
hashes, signs, asks the store or queues a mail. What is left is to read the columns of a row that is
there: microseconds of milliseconds. Nothing here looks at a clock: a busy machine would lie.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

import mailer
from mailer.bootstrap import Installation
from mailer.core.addresses import read_address
from mailer.core.readers import Cadence, Wanted
from mailer.flows import mail_link as flow_of_links
from mailer.flows.ask_to_subscribe import Petition, ask_to_subscribe
from mailer.flows.mail_link import mail_link
from mailer.flows.move_address import ask_to_move
from mailer.flows.send_to_friend import send_to_friend
from mailer.store.stories import latest_stories
from tests.security.mutations import goes_red
from tests.web.conftest import SEED_MORNING, Opener, client, open_room, room
from tests.web.mails import deliver
from tests.web.readers import reader
from tests.web.snapshots import changed, everything
from tests.web.test_friends import stamp
from tests.web.test_subscribing import filled

__all__ = ["client", "open_room", "room"]

# Of one length, so that no byte can differ by that: the first is in the seeds, with follows.
_KNOWN = "mina.park@example.org"
_UNKNOWN = "nina.bark@example.org"
_OURS = str(Path(mailer.__file__).parent)
_COSTLY = (
    "/core/tokens.py",
    "/core/addresses.py",
    "/store/",
    "/flows/send_notice.py",
    "/flows/mail_link.py",
)
_READING = ("/store/columns.py", "/store/readers.py")
_NAMING = "NewNotice.to"  # Fills in what is known of a reader.
_Ask = Callable[[Installation, str, datetime], object]


@dataclass
class Work:
    """What was done: statements in order, and calls of the functions that cost something."""

    statements: list[str]
    calls: Counter[tuple[str, str]]


@contextmanager
def _watched() -> Iterator[Work]:
    work = Work([], Counter())

    def on_statement(_: Any, __: Any, statement: str, *___: Any) -> None:
        # A savepoint ends either way: a mail too many is written, and taken back.
        work.statements.append(statement.replace("ROLLBACK TO", "RELEASE"))

    def on_call(frame: FrameType, what: str, _: Any) -> None:
        code = frame.f_code
        place = code.co_filename.removeprefix(_OURS)
        if (
            what == "call"
            and place.startswith(_COSTLY)
            and place not in _READING
            and code.co_qualname != _NAMING
        ):
            work.calls[place, code.co_qualname] += 1

    event.listen(Engine, "before_cursor_execute", on_statement)
    sys.setprofile(on_call)
    try:
        yield work
    finally:
        sys.setprofile(None)
        event.remove(Engine, "before_cursor_execute", on_statement)


def _subscribe(room: Installation, address: str, now: datetime) -> object:
    petition = Petition(
        address=read_address(address),
        newsletter="asia-daily",
        follows=(Wanted("china", Cadence.DAILY),),
        locale="en",
        timezone="Asia/Seoul",
        client="198.51.100.7",
        source="test",
    )
    return ask_to_subscribe(room.desk, petition, now=now)


def _ask_for_link(room: Installation, address: str, now: datetime) -> object:
    return mail_link(room.desk, read_address(address), "198.51.100.7", "en", now=now)


def _move_to(room: Installation, address: str, now: datetime) -> object:
    other = reader(room, "giulia.dangelo@example.org").id
    ask_to_move(room.desk, other, read_address(address), now=now)
    return None


def _send_to(room: Installation, address: str, now: datetime) -> object:
    with room.desk.database.read() as connection:
        story = latest_stories(connection, 1)[0]
    return send_to_friend(
        room.desk, story, read_address(address), locale="en", client="198.51.100.7", now=now
    )


# How often each may ask before its own limit speaks, which looks at who asks.
_ASKS: dict[str, tuple[_Ask, int]] = {
    "subscribe": (_subscribe, 4),
    "link to preferences": (_ask_for_link, 4),
    "move to": (_move_to, 1),
    "send a story to": (_send_to, 2),
}


def _check(opener: Opener, ask: _Ask, times: int) -> None:
    """Ask again and again: what is done the second time must not tell them apart either."""
    warm = opener()
    ask(warm, "warm.upper@example.org", SEED_MORNING)
    done: dict[str, list[tuple[object, Work]]] = {_KNOWN: [], _UNKNOWN: []}
    for time in range(times):
        now = SEED_MORNING + timedelta(minutes=time + 1)
        for address, works in done.items():
            with _watched() as work:
                answer = ask(warm, address, now)
            works.append((answer, work))
    for (answer, known), (other, unknown) in zip(done[_KNOWN], done[_UNKNOWN], strict=True):
        assert answer == other
        assert known.statements, "nobody asked the database: nothing was measured"
        assert known.statements == unknown.statements
        assert known.calls == unknown.calls


@pytest.mark.parametrize(("ask", "times"), _ASKS.values(), ids=_ASKS)
def test_s08_the_same_work_is_done_for_known_and_unknown_addresses(
    open_room: Opener, ask: _Ask, times: int
) -> None:
    _check(open_room, ask, times)


def test_s08_goes_red_when_strangers_are_spared_the_work(
    open_room: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = flow_of_links._queue

    def only_readers(*words: Any) -> None:
        if words[2] is not None:
            queue(*words)

    goes_red(
        lambda: _check(open_room, _ask_for_link, 2),
        monkeypatch,
        mailer__flows__mail_link___queue=only_readers,
    )


def test_s08_pages_answer_alike_to_the_byte(client: TestClient, room: Installation) -> None:
    with room.desk.database.read() as connection:
        uid = latest_stories(connection, 1)[0].uid
    forms: dict[str, dict[str, object]] = {
        "/subscribe": filled(room),
        "/preferences": {},
        f"/stories/{uid}/send": {"stamp": stamp(room)},
    }
    for path, form in forms.items():
        answers = []
        for address in (_KNOWN, _UNKNOWN):
            before = everything(room)
            answer = client.post(path, data=form | {"email": address})
            touched = changed(room, before)
            # Drawn by chance for each request, so that lines of a log can be told apart.
            headers = {k: v for k, v in answer.headers.items() if k != "x-request-id"}
            answers.append((answer.status_code, answer.content, headers, touched))
        assert answers[0] == answers[1], path
        assert answers[0][0] == 200
    # Either way somebody gets a mail: what differs is said to the owner of the address alone.
    assert len(deliver(room)) == 2 * len(forms)
