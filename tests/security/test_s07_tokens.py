"""S7: signed links are of one purpose, one reader and one time, and stay where they belong."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.redaction import redact
from mailer.core.tokens import Purpose, Signer
from mailer.web.application import make_app
from mailer.web.headers import page_headers
from tests.security.lived import confirmation, living_tokens, seeded_sqlite
from tests.security.mutations import goes_red
from tests.web.conftest import SEED_MORNING, Opener, client, open_room, room
from tests.web.readers import follow_names, reader, subscription_ids
from tests.web.snapshots import changed, everything
from tests.web.test_subscribing import filled

__all__ = ["client", "open_room", "room", "seeded_sqlite"]

_FETCHED = re.compile(r"<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=\"([^\"]+)")
_PAGES = ("/", "/preferences", "/n/asia-daily", "/stories/{uid}", "/stories/{uid}/send")


def _token_paths(client: TestClient) -> Iterator[tuple[str, str, set[str]]]:
    """Each path that ends in a token: what stands before it, the path, its methods."""
    for context in iter_route_contexts(client.app.routes):  # type: ignore[attr-defined]
        path = context.path_format or ""
        if path.endswith("/{token}"):
            yield path.removesuffix("{token}"), path, set(context.methods or ())


def _check_purposes(client: TestClient, room: Installation) -> None:
    client.post("/subscribe", data=filled(room))
    living = living_tokens(room, confirmation(room))
    before = everything(room)
    for area, _, methods in _token_paths(client):
        for purpose, token in living.items():
            if area == f"/{purpose}/":
                continue
            for method in methods:
                answer = client.request(method, area + token)
                assert answer.status_code in (400, 403, 404, 410, 422), (
                    f"{method} {area} by {purpose}"
                )
    assert changed(room, before) == set()


def test_s07_a_token_of_one_purpose_opens_no_other_page(
    client: TestClient, room: Installation
) -> None:
    _check_purposes(client, room)


def test_s07_goes_red_when_tokens_forget_their_purpose(
    client: TestClient, room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Signer.read
    monkeypatch.setattr(Signer, "sign", lambda self, _, *parts: _plain(self, parts))
    goes_red(
        lambda: _check_purposes(client, room),
        monkeypatch,
        mailer__core__tokens__Signer__read=lambda self, _, token: read(self, Purpose.FORM, token),
    )


def _plain(signer: Signer, parts: tuple[int | str, ...]) -> str:
    token: str = signer._serializer(Purpose.FORM).dumps(list(parts))
    return token


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 200), letter=st.sampled_from("Aa0_-.z"))
def test_s07_a_forged_token_opens_nothing(
    client: TestClient, room: Installation, place: int, letter: str
) -> None:
    token = room.desk.signer.sign(Purpose.UNSUBSCRIBE, subscription_ids(room)[0])
    place %= len(token)
    forged = token[:place] + letter + token[place + 1 :]
    answer = client.get(f"/unsubscribe/{forged}")
    if forged != token and answer.status_code == 200:
        # Two bits of the last letter may stand for nothing: it is the same signature.
        assert room.desk.signer.read(Purpose.UNSUBSCRIBE, forged) == (subscription_ids(room)[0],)


def test_s07_a_stolen_token_of_one_reader_shows_no_other(
    client: TestClient, room: Installation
) -> None:
    token = room.desk.signer.sign_at(Purpose.PREFERENCES, room.clock(), reader(room).id)
    other = "giulia.dangelo@example.org"
    assert other not in client.get(f"/preferences/{token}").text
    head, _, rest = token.partition(".")
    swapped = room.desk.signer.sign_at(Purpose.PREFERENCES, room.clock(), 2).partition(".")[0]
    assert swapped != head
    assert client.get(f"/preferences/{swapped}.{rest}").status_code == 404


@pytest.mark.parametrize(
    ("purpose", "life"),
    [
        (Purpose.PREFERENCES, timedelta(minutes=30)),
        (Purpose.EXPORT, timedelta(days=1)),
    ],
)
def test_s07_a_link_to_her_data_ends_soon(
    open_room: Opener, purpose: Purpose, life: timedelta
) -> None:
    first = open_room()
    token = first.desk.signer.sign_at(purpose, first.clock(), reader(first).id)
    for age, open_still in ((life, True), (life + timedelta(seconds=1), False)):
        later = open_room(SEED_MORNING + age)
        with TestClient(make_app(later)) as asked:
            answer = asked.get(f"/{purpose}/{token}")
            shows_her = reader(first).email in answer.text
            assert shows_her is open_still, age
            for do in ("export", "erase", "address", "follow"):
                fields = {"do": do, "sure": "yes", "email": "x@y.example"}
                before = everything(later)
                if not open_still and purpose is Purpose.PREFERENCES:
                    assert asked.post(f"/{purpose}/{token}", data=fields).status_code == 410
                    assert changed(later, before) == set()


def test_s07_the_link_in_an_old_mail_manages_nothing_and_still_unsubscribes(
    open_room: Opener,
) -> None:
    first = open_room()
    mina, subscription = reader(first), subscription_ids(first)[0]
    manage = first.desk.signer.sign(Purpose.PREFERENCES, mina.id, subscription)
    leave = first.desk.signer.sign(Purpose.UNSUBSCRIBE, subscription)
    later = open_room(SEED_MORNING + timedelta(days=400))
    with TestClient(make_app(later)) as asked:
        page = asked.get(f"/preferences/{manage}")
        assert page.status_code == 200
        assert mina.email not in page.text
        assert asked.post(f"/preferences/{manage}", data={"do": "erase", "sure": "yes"}).is_error
        before = follow_names(later)
        assert asked.post(f"/unsubscribe/{leave}").status_code == 200
        assert follow_names(later) < before


def test_s07_a_new_secret_lets_old_links_work_and_the_one_after_ends_them(
    open_room: Opener,
) -> None:
    token = open_room(secret_key="a" * 32).desk.signer.sign(Purpose.UNSUBSCRIBE, 1)
    for secrets, status in (
        ({"secret_key": "b" * 32, "secret_key_old": "a" * 32}, 200),
        ({"secret_key": "c" * 32, "secret_key_old": "b" * 32}, 404),
    ):
        with TestClient(make_app(open_room(**secrets))) as asked:
            assert asked.get(f"/unsubscribe/{token}").status_code == status


def _check_leaks(client: TestClient, room: Installation) -> None:
    client.post("/subscribe", data=filled(room))
    living = living_tokens(room, confirmation(room))
    paths = [f"/{area}/{token}" for area, token in living.items()]
    with room.desk.database.read() as connection:
        from mailer.store.stories import latest_stories

        uid = latest_stories(connection, 1)[0].uid
    for path in [*paths, *(page.format(uid=uid) for page in _PAGES)]:
        answer = client.get(path)
        assert answer.headers["referrer-policy"] == "no-referrer", path
        # What a browser would fetch by itself: all of it is ours.
        fetched = _FETCHED.findall(answer.text)
        if "text/html" in answer.headers["content-type"] and "/view/" not in path:
            outside = [one for one in fetched if not one.startswith(("/", "https://news.example/"))]
            assert outside == [], path


def test_s07_no_page_with_a_token_in_its_address_tells_a_third_party(
    client: TestClient, room: Installation
) -> None:
    _check_leaks(client, room)


def test_s07_goes_red_when_browsers_may_refer(
    open_room: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def talkative(*, is_https: bool) -> dict[str, str]:
        return page_headers(is_https=is_https) | {"Referrer-Policy": "unsafe-url"}

    monkeypatch.setattr("mailer.web.application.page_headers", talkative)
    opened = open_room()
    with TestClient(make_app(opened), base_url="https://news.example") as asked:
        goes_red(lambda: _check_leaks(asked, opened), monkeypatch)


def _check_redaction(client: TestClient, room: Installation) -> None:
    """Of every page that takes a token: whoever adds one has to think of the log."""
    areas = {area for area, _, _ in _token_paths(client)}
    assert {f"/{purpose}/" for purpose in Purpose if purpose is not Purpose.FORM} <= areas
    for area in areas:
        token = room.desk.signer.sign_at(Purpose.EXPORT, room.clock(), 12)
        line = f"GET https://news.example{area.replace('{provider}', 'postmark')}{token} 200"
        assert token not in redact(line), area


def test_s07_no_token_of_any_page_stands_in_a_log(client: TestClient, room: Installation) -> None:
    _check_redaction(client, room)


def test_s07_goes_red_without_redaction(
    client: TestClient, room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_red(
        lambda: _check_redaction(client, room),
        monkeypatch,
        mailer__core__redaction___LINK=re.compile(r"(/unsubscribe/)\S+"),
        # A second control: what looks like a token anywhere.
        mailer__core__redaction___TOKEN=re.compile(r"(?!)"),
    )
