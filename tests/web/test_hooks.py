"""Hooks as mail services call them over HTTP: statuses, caps, and what a signed call does."""

import json

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.addresses import read_address
from mailer.core.hooks import HookCall
from mailer.store.bounces import list_bounces
from mailer.store.readers import is_suppressed
from mailer.web.application import make_app
from tests.bounces.service_shapes import mailgun, postmark, sendgrid, ses_bounce
from tests.bounces.services import MAILGUN_KEY, PASSWORD, TOPIC, Services
from tests.web.conftest import SEED_MORNING, Opener
from tests.web.readers import reader


@pytest.fixture(scope="module")
def made() -> Services:
    return Services()


@pytest.fixture
def room(open_room: Opener, made: Services) -> Installation:
    """An installation that listens to all four."""
    return open_room(
        hook_ses_topics=TOPIC,
        hook_ses_certificate=made.amazon.certificate(days=400),
        hook_postmark=PASSWORD,
        hook_sendgrid_key=made.sendgrid_public,
        hook_mailgun_key=MAILGUN_KEY,
    )


def post(client: TestClient, one: HookCall) -> Response:
    return client.post(f"/hooks/{one.provider}", content=one.body, headers=one.headers)


def suppressed(room: Installation) -> bool:
    with room.desk.database.read() as connection:
        return is_suppressed(connection, read_address(reader(room).email))


@pytest.mark.parametrize("name", ["ses", "postmark", "sendgrid", "mailgun"])
def test_a_signed_bounce_suppresses(
    client: TestClient, room: Installation, made: Services, name: str
) -> None:
    email = reader(room).email
    one = {
        "ses": lambda: made.ses(ses_bounce(email), at=SEED_MORNING, version="2"),
        "postmark": lambda: made.postmark(postmark(Email=email)),
        "sendgrid": lambda: made.sendgrid([sendgrid(email=email)], SEED_MORNING),
        "mailgun": lambda: made.mailgun(mailgun(recipient=email), at=SEED_MORNING),
    }[name]()
    answer = post(client, one)
    assert answer.status_code == 200, answer.text
    assert answer.json()["taken"] == 1
    assert suppressed(room)
    assert post(client, one).json()["known"] == 1


def test_the_password_may_stand_in_the_address(client: TestClient, room: Installation) -> None:
    document = postmark(Email=reader(room).email)
    assert client.post("/hooks/postmark/hooks:wrong", json=document).status_code == 403
    assert not suppressed(room)
    assert client.post(f"/hooks/postmark/{PASSWORD}", json=document).status_code == 200
    assert suppressed(room)


def test_what_is_not_proven_is_refused_as_a_problem(
    client: TestClient, room: Installation, made: Services
) -> None:
    email = reader(room).email
    stale = made.sendgrid([sendgrid(email=email)])
    for answer, status in (
        (client.post("/hooks/postmark", json=postmark(Email=email)), 401),
        (client.post("/hooks/sendgrid", json=[sendgrid(email=email)]), 401),
        (client.post("/hooks/mailgun", json={"event-data": mailgun(recipient=email)}), 401),
        (client.post("/hooks/ses", json=ses_bounce(email)), 401),
        (post(client, stale), 403),
        (post(client, made.postmark(postmark(Email=email), "hooks:no")), 403),
        (client.post("/hooks/mailgun", content=b"a=b&c=d"), 400),
        (client.post("/hooks/postman", json={}), 404),
        (client.get("/hooks/postmark"), 405),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
    assert not suppressed(room)
    with room.desk.database.read() as connection:
        assert list_bounces(connection) == []


def test_without_a_secret_nobody_is_heard(open_room: Opener, made: Services) -> None:
    room = open_room()
    with TestClient(make_app(room)) as client:
        answer = post(client, made.mailgun(mailgun(recipient=reader(room).email), at=SEED_MORNING))
    assert answer.status_code == 403
    assert answer.json()["detail"] == "this hook is not set up"


def test_a_huge_call_is_refused_unread(client: TestClient, room: Installation) -> None:
    document = json.dumps([sendgrid(reason="x" * 1024 * 1024)]).encode()
    for content in (document, iter([document[: 2**19], document[2**19 :], b" "])):
        answer = client.post("/hooks/sendgrid", content=content)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == 413
        assert answer.json()["detail"] == "The request is too large."


def test_a_batch_larger_than_a_form_is_taken(
    client: TestClient, room: Installation, made: Services
) -> None:
    batch = [sendgrid(sg_event_id=f"e{number}", email="x@y.example") for number in range(300)]
    answer = post(client, made.sendgrid(batch, SEED_MORNING))
    assert answer.status_code == 200
    assert answer.json()["taken"] == 300


def test_odd_documents_of_a_proven_service_are_ignored(client: TestClient, made: Services) -> None:
    odd: list[object] = [None, True, 7, "x", [], [[]], [None], {}, {"event": []}]
    for document in odd:
        answer = post(client, made.sendgrid(document, SEED_MORNING))
        assert answer.status_code == (400 if document is None else 200), document
        assert post(client, made.postmark(document)).status_code in (200, 400)
        assert post(client, made.ses(json.dumps(document), at=SEED_MORNING)).status_code == 200
    for number, document in enumerate(odd):
        one = made.mailgun(document, token=f"token{number}", at=SEED_MORNING)
        assert post(client, one).status_code == 200
