"""What every backend keeps to, whatever it hands messages to."""

import io
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailer.delivery import open_backend
from mailer.delivery.memory import MemoryBackend
from mailer.ports import Accepted, Backend, BackendOptions, Message, Outcome, Refused
from tests.delivery.documented import install_documented_backend
from tests.delivery.gateways import gateway
from tests.delivery.messages import HOSTILE, SMUGGLED, a_message, messages
from tests.delivery.sinks import SinkServer


@dataclass(frozen=True)
class Subject:
    """A backend, and the bytes that have come out at its other end, in no certain order."""

    backend: Backend
    arrived: Callable[[], list[bytes]]

    def send(self, *batch: Message) -> list[Outcome]:
        return list(self.backend.send(batch))


def _console(folder: Path, closing: ExitStack) -> Subject:
    return Subject(open_backend("console", BackendOptions(stream=io.StringIO())), list)


def _memory(folder: Path, closing: ExitStack) -> Subject:
    backend = open_backend("memory", BackendOptions())
    assert isinstance(backend, MemoryBackend)
    return Subject(backend, lambda: [message.content for message in backend.messages])


def _maildir(folder: Path, closing: ExitStack) -> Subject:
    def arrived() -> list[bytes]:
        files = (folder / "mail" / "new").iterdir()
        return [file.read_bytes().replace(b"\n", b"\r\n") for file in files]

    return Subject(open_backend("maildir", BackendOptions(maildir=folder / "mail")), arrived)


def _smtp(folder: Path, closing: ExitStack) -> Subject:
    sink = SinkServer()
    closing.callback(sink.stop)
    options = BackendOptions(smtp_urls=(f"smtp://127.0.0.1:{sink.port}",))
    backend = open_backend("smtp", options)
    closing.callback(backend.close)
    return Subject(backend, lambda: [mail.content for mail in sink.mails])


def _http(folder: Path, closing: ExitStack) -> Subject:
    serving = closing.enter_context(gateway())
    backend = open_backend("http", BackendOptions(http_url=serving.url))
    closing.callback(backend.close)
    return Subject(backend, lambda: [*serving.accepted.values()])


def _pickup(folder: Path, closing: ExitStack) -> Subject:
    """The backend that docs/backends.md writes."""
    patch = closing.enter_context(pytest.MonkeyPatch.context())
    install_documented_backend(folder / "site", patch)
    (folder / "pickup").mkdir()
    patch.setenv("PICKUP_FOLDER", str(folder / "pickup"))
    backend = open_backend("pickup", BackendOptions())
    return Subject(backend, lambda: [file.read_bytes() for file in (folder / "pickup").iterdir()])


_ALL = {
    "console": _console,
    "http": _http,
    "maildir": _maildir,
    "memory": _memory,
    "pickup": _pickup,
    "smtp": _smtp,
}


@pytest.fixture(params=_ALL)
def subject(request: pytest.FixtureRequest, tmp_path: Path, closing: ExitStack) -> Subject:
    return _ALL[request.param](tmp_path, closing)


@pytest.fixture(params=[name for name in _ALL if name != "console"])
def carrier(request: pytest.FixtureRequest, tmp_path: Path, closing: ExitStack) -> Subject:
    """The backends at whose other end bytes can be read."""
    return _ALL[request.param](tmp_path, closing)


def test_it_is_a_backend_and_knows_its_name(subject: Subject) -> None:
    assert isinstance(subject.backend, Backend)
    assert subject.backend.name in _ALL


def test_each_message_gets_one_outcome(subject: Subject) -> None:
    outcomes = subject.send(*messages(20))
    assert len(outcomes) == 20
    assert all(isinstance(outcome, Accepted) and 200 <= outcome.code < 300 for outcome in outcomes)


def test_nothing_happens_before_the_first_outcome_is_asked_for(carrier: Subject) -> None:
    outcomes = carrier.backend.send(messages(2))
    next(outcomes)
    assert len(carrier.arrived()) == 1
    next(outcomes)
    assert len(carrier.arrived()) == 2


def test_an_empty_batch_gives_nothing(subject: Subject) -> None:
    assert subject.send() == []


def test_it_may_be_closed_twice_and_before_its_first_message(subject: Subject) -> None:
    subject.backend.close()
    subject.send(a_message())
    subject.backend.close()
    subject.backend.close()


def test_several_calls_follow_each_other(subject: Subject) -> None:
    for message in messages(3):
        assert isinstance(subject.send(message)[0], Accepted)


def test_a_caller_may_stop_early_and_go_on_with_another_call(carrier: Subject) -> None:
    first = carrier.backend.send(messages(5))
    assert len(list(islice(first, 2))) == 2
    del first
    assert isinstance(carrier.send(a_message(9))[0], Accepted)
    assert len(carrier.arrived()) == 3


def test_thousands_of_messages_arrive(carrier: Subject) -> None:
    batch = messages(2_000)
    outcomes = list(carrier.backend.send(batch))
    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert sorted(carrier.arrived()) == sorted(message.content for message in batch)


def test_bytes_and_message_id_arrive_unchanged(carrier: Subject) -> None:
    message = a_message()
    carrier.send(message)
    (content,) = carrier.arrived()
    assert content == message.content
    assert message.message_id.encode() in content


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_content_is_accepted(subject: Subject, content: bytes) -> None:
    assert isinstance(subject.send(a_message(content=content))[0], Accepted)


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_content_arrives_unchanged(carrier: Subject, content: bytes) -> None:
    assert isinstance(carrier.send(a_message(content=content), a_message(2))[1], Accepted)
    assert sorted(carrier.arrived()) == sorted([content, a_message(2).content])


@pytest.mark.parametrize("content", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_content_that_could_be_read_in_two_ways_is_refused_or_kept(
    carrier: Subject, content: bytes
) -> None:
    first, second = carrier.send(a_message(content=content), a_message(2))
    if isinstance(first, Refused):
        assert not first.suppress
        assert "CRLF" in first.reply
        assert carrier.arrived() == [a_message(2).content]
    else:
        assert content in carrier.arrived()
    assert isinstance(second, Accepted)


_LINES = st.lists(
    st.text(alphabet=". \tabé=\x1b", max_size=6).map(lambda line: f"{line}\r\n".encode())
)
_NUMBERS = count(1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(lines=_LINES)
@example(lines=[b".\r\n"])
def test_any_lines_arrive_unchanged(carrier: Subject, lines: list[bytes]) -> None:
    number = next(_NUMBERS)
    content = f"Message-ID: <{number}@news.test>\r\n\r\n".encode() + b"".join(lines)
    (outcome,) = carrier.send(a_message(number, content))
    assert isinstance(outcome, Accepted)
    assert content in carrier.arrived()
