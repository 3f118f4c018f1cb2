"""The http backend: every answer has its outcome, and asking twice never sends twice."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from mailer.delivery import open_backend
from mailer.delivery.http_gateway import HttpBackend
from mailer.errors import BackendError
from mailer.ports import (
    Accepted,
    BackendOptions,
    Deferred,
    InDoubt,
    Message,
    Misconfigured,
    Outcome,
    Refused,
)
from mailer.settings import read_settings
from tests.delivery.gateways import Answer, Gateway, gateway
from tests.delivery.messages import a_message, messages


@pytest.fixture
def serving() -> Iterator[Gateway]:
    with gateway() as server:
        yield server


@pytest.fixture
def http(closing: ExitStack) -> Callable[..., HttpBackend]:
    def build(url: str, **options: str) -> HttpBackend:
        backend = HttpBackend(url, timeout=httpx2.Timeout(5.0), **options)
        closing.callback(backend.close)
        return backend

    return build


Http = Callable[..., HttpBackend]


def _send(backend: HttpBackend, *batch: Message) -> list[Outcome]:
    return list(backend.send(batch or (a_message(),)))


def _always(status: int, body: bytes = b"", **headers: str) -> Callable[[int], Answer]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda number: (status, named, body)


def test_a_message_travels_whole_with_its_envelope_and_key(serving: Gateway, http: Http) -> None:
    message = a_message(3)
    (outcome,) = _send(http(serving.url, token="secret-token"), message)
    assert outcome == Accepted(200, "200 queued")
    ((headers, document),) = serving.requests
    assert headers["Idempotency-Key"] == '"<d3.key@news.test>"'
    assert headers["Authorization"] == "Bearer secret-token"
    assert headers["Content-Type"] == "application/json"
    assert document["sender"] == message.sender
    assert document["recipient"] == message.recipient
    assert document["smtputf8"] is False
    assert list(serving.accepted.values()) == [message.content]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 208])
def test_any_success_is_accepted(serving: Gateway, http: Http, status: int) -> None:
    serving.habit = _always(status)
    assert isinstance(_send(http(serving.url))[0], Accepted)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 507])
def test_what_may_go_later_is_deferred_and_counted_when_it_was_judged(
    serving: Gateway, http: Http, status: int
) -> None:
    serving.habit = _always(status, b'{"detail": "busy"}')
    counts = status not in (429, 503)
    assert _send(http(serving.url)) == [Deferred(status, f"{status} busy", counts=counts)]
    assert len(serving.requests) == 1


@pytest.mark.parametrize("status", [300, 301, 302, 307, 401, 402, 403, 404, 405, 407, 410, 415])
def test_an_answer_that_is_the_same_for_every_message_is_our_fault(
    serving: Gateway, http: Http, status: int
) -> None:
    serving.habit = _always(status, b"no", Location="http://192.0.2.1/")
    (outcome,) = _send(http(serving.url))
    assert isinstance(outcome, Misconfigured)
    assert "MAILER_HTTP_URL" in outcome.reply
    assert len(serving.requests) == 1


@pytest.mark.parametrize("status", [400, 413, 422, 451, 499])
def test_any_other_refusal_is_of_this_message_alone(
    serving: Gateway, http: Http, status: int
) -> None:
    serving.habit = lambda number: (status, {}, b'{"error": "bad"}') if number == 1 else None
    outcomes = _send(http(serving.url), *messages(2))
    assert outcomes == [Refused(status, f"{status} bad"), Accepted(200, "200 queued")]


def test_a_gateway_can_say_that_the_address_is_bad_for_ever(serving: Gateway, http: Http) -> None:
    serving.habit = _always(422, b'{"reply": "no such mailbox", "suppress": true}')
    assert _send(http(serving.url)) == [Refused(422, "422 no such mailbox", suppress=True)]


@pytest.mark.parametrize("body", [b'{"suppress": "no"}', b'["suppress"]', b"suppress", b"[" * 9999])
def test_only_a_clear_word_suppresses(serving: Gateway, http: Http, body: bytes) -> None:
    serving.habit = _always(422, body)
    (outcome,) = _send(http(serving.url))
    assert isinstance(outcome, Refused)
    assert not outcome.suppress


def test_how_long_to_wait_is_kept_in_seconds_or_as_a_date(serving: Gateway, http: Http) -> None:
    for text, least, most in (
        ("120", 120, 120),
        (format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True), 3500, 3600),
        (format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True), 0, 0),
    ):
        serving.habit = _always(429, Retry_After=text)
        (outcome,) = _send(http(serving.url))
        assert isinstance(outcome, Deferred)
        assert outcome.wait_seconds is not None
        assert least <= outcome.wait_seconds <= most


@pytest.mark.parametrize("text", ["", "soon", "-5", "1e9", "٣"])
def test_a_wait_that_cannot_be_read_is_no_wait(serving: Gateway, http: Http, text: str) -> None:
    serving.habit = lambda number: (503, {"Retry-After": text.encode().decode("latin-1")}, b"")
    assert _send(http(serving.url)) == [Deferred(503, "503", counts=False)]


def test_an_answer_lost_on_the_way_is_asked_again_with_the_same_key(
    serving: Gateway, http: Http
) -> None:
    serving.forgetful_about = {1}
    assert _send(http(serving.url)) == [Accepted(200, "200 known")]
    keys = {headers["Idempotency-Key"] for headers, _ in serving.requests}
    assert len(serving.requests) == 2
    assert len(keys) == len(serving.accepted) == 1


def test_two_answers_lost_leave_a_doubt_and_a_later_attempt_ends_it(
    serving: Gateway, http: Http
) -> None:
    serving.forgetful_about = {1, 2}
    backend = http(serving.url)
    assert isinstance(_send(backend)[0], InDoubt)
    assert _send(backend) == [Accepted(200, "200 known")]
    assert len(serving.accepted) == 1


def test_two_messages_lost_end_the_trying(serving: Gateway, http: Http) -> None:
    serving.forgetful_about = set(range(1, 100))
    outcomes = _send(http(serving.url), *messages(5))
    assert [type(outcome) for outcome in outcomes] == [InDoubt] * 2 + [Deferred] * 3
    assert len(serving.requests) == 4
    assert not any(one.counts for one in outcomes if isinstance(one, Deferred))


def test_nobody_there_defers_without_counting(http: Http) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    outcomes = _send(http(f"http://127.0.0.1:{port}/"), *messages(3))
    assert all(isinstance(one, Deferred) and not one.counts for one in outcomes)


def test_a_connection_serves_many_messages_and_an_endless_answer_is_cut(
    serving: Gateway, http: Http
) -> None:
    serving.habit = _always(422, b"x" * 1_000_000)
    outcomes = _send(http(serving.url), *messages(3))
    assert all(isinstance(one, Refused) and len(one.reply) <= 510 for one in outcomes)


def test_words_of_a_gateway_cannot_steer_a_terminal(serving: Gateway, http: Http) -> None:
    serving.habit = _always(422, b'{"reply": "\\u001b[2Jgone\\r\\nX: y"}')
    assert _send(http(serving.url))[0].reply == "422 [2Jgone X: y"


@pytest.mark.parametrize(
    ("url", "token", "says"),
    [
        ("", "", "needs MAILER_HTTP_URL"),
        ("ftp://gateway.test/", "", "needs MAILER_HTTP_URL"),
        ("http://gateway.test/", "secret", "in clear"),
        ("https://name:secret@gateway.test/", "", "MAILER_HTTP_TOKEN"),
        ("https://gateway.test:port/", "", "no address"),
    ],
)
def test_an_address_that_cannot_be_used_says_why_and_shows_no_secret(
    url: str, token: str, says: str
) -> None:
    with pytest.raises(BackendError, match=says) as caught:
        open_backend("http", BackendOptions(http_url=url, http_token=token))
    assert "secret" not in str(caught.value)


def test_doubts_are_resent_with_this_backend_unless_somebody_decided_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read_settings().in_doubt == "hold"
    monkeypatch.setenv("MAILER_BACKEND", "http")
    assert read_settings().in_doubt == "resend"
    monkeypatch.setenv("MAILER_IN_DOUBT", "hold")
    assert read_settings().in_doubt == "hold"
