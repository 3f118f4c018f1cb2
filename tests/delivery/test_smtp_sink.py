"""The SMTP backend against Postfix's smtp-sink, which offers PIPELINING and takes what it gets."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_servers import Server
from mailer.ports import Accepted, Deferred, InDoubt, Misconfigured
from tests.delivery.messages import messages
from tests.servers.smtp_sink import NoPostfix, SmtpSink

Start = Callable[..., Server]
Smtp = Callable[..., SmtpBackend]


@pytest.fixture
def sink() -> Iterator[Start]:
    """Start an smtp-sink with these options and say where it is."""
    with contextlib.ExitStack() as stack:

        def start(*options: str) -> Server:
            try:
                server = SmtpSink.start(*options)
            except NoPostfix as reason:
                pytest.skip(str(reason))
            stack.callback(server.stop)
            return Server("127.0.0.1", server.port, most_messages=1_000_000)

        yield start


def _kinds(backend: SmtpBackend, count: int) -> set[type]:
    return {type(outcome) for outcome in backend.send(messages(count))}


def test_thousands_go_ahead_over_one_connection(sink: Start, smtp: Smtp) -> None:
    assert _kinds(smtp(sink()), 3000) == {Accepted}


def test_threads_share_its_connections(sink: Start, smtp: Smtp) -> None:
    backend = smtp(sink(), connections=3)
    with ThreadPoolExecutor(6) as lanes:
        assert list(lanes.map(lambda _: _kinds(backend, 200), range(6))) == [{Accepted}] * 6


# Its refusals are 500 5.3.0 and 450 4.3.0: the relay's fault, and later.
@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        (("-f", "RCPT"), {Misconfigured}),
        (("-r", "RCPT"), {Deferred}),
        (("-f", "."), {Misconfigured}),
        (("-r", "."), {Deferred}),
        (("-q", "RCPT"), {Deferred}),
        (("-q", "."), {InDoubt, Deferred}),
        (("-p",), {Accepted}),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_each_way_it_fails_has_its_outcome(
    options: tuple[str, ...], kinds: set[type], sink: Start, smtp: Smtp
) -> None:
    assert _kinds(smtp(sink(*options)), 40) == kinds
