"""Loopback servers for the tests of this folder; each ends with its test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mailer.delivery.smtp import SmtpBackend
from tests.delivery.certificates import Certificates, make_certificates
from tests.delivery.scripted import ScriptedServer
from tests.delivery.sinks import SinkServer


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority nobody trusts until SSL_CERT_FILE names it."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    """The same, trusted as an operator would have it trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    return certificates


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    """What the test has opened, closed in turn from the last."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def sink(closing: ExitStack) -> Callable[..., SinkServer]:
    """Start a server that accepts; takes what SinkServer takes."""

    def start(**options: Any) -> SinkServer:
        server = SinkServer(**options)
        closing.callback(server.stop)
        return server

    return start


@pytest.fixture
def scripted(closing: ExitStack) -> Callable[..., ScriptedServer]:
    """Start a server that plays a script; takes what ScriptedServer takes."""

    def start(*script: Any, **options: Any) -> ScriptedServer:
        server = ScriptedServer(*script, **options)
        closing.callback(server.stop)
        return server

    return start


@pytest.fixture
def smtp(closing: ExitStack) -> Callable[..., SmtpBackend]:
    """Build an SMTP backend that is closed before the servers end."""

    def build(*servers: Any, **options: Any) -> SmtpBackend:
        backend = SmtpBackend(servers, **options)
        closing.callback(backend.close)
        return backend

    return build


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    """Where a Maildir may be made."""
    return tmp_path / "mail"
