"""S23: no password, signed link or reader's address stands in a log or in printed settings."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi.routing import iter_route_contexts
from structlog.contextvars import bound_contextvars

from mailer.cli.logs import lay_out_logs, redact_logs
from mailer.core.api_keys import key_text
from mailer.core.redaction import redact
from mailer.core.tokens import Purpose, Signer
from mailer.settings import LogFormat, LogLevel, Settings, read_settings
from mailer.web.application import make_app
from tests.security.mutations import goes_red
from tests.web.conftest import Opener, open_room

__all__ = ["open_room"]

_TOKEN = Signer(("secret",)).sign(Purpose.UNSUBSCRIBE, 21)
# What its owner publishes for others to check signatures with.
PUBLIC_KEYS = {"hook_sendgrid_key"}
_SECRETS = {
    "DATABASE_URL": "postgresql+psycopg://mailer:hunter2@db/mailer",
    "BROKER_URL": "redis://:hunter2@redis:6379/0",
    "SMTP_URL": "smtps://user:hunter2@mail.test",
    "SECRET_KEY": "hunter2-hunter2-hunter2-hunter2",
    "HTTP_TOKEN": "hunter2",
    "DKIM_KEY": "hunter2",
}


@pytest.fixture(autouse=True)
def _own_factory() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)
    yield
    logging.setLogRecordFactory(before)


def _logged() -> str:
    """What a handler writes that knows nothing of us, of every way to say something."""
    screen = io.StringIO()
    logger = logging.getLogger("tests.somebody.elses")
    handler = logging.StreamHandler(screen)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    logger.addHandler(handler)
    logger.propagate = False
    try:
        logger.warning("POST https://news.test/unsubscribe/%s from mina@reader.test", _TOKEN)
        logger.warning("to %s at %s", "mina@reader.test", "redis://:hunter2@redis:6379/0")
        logger.warning("%(who)s", {"who": "mina@reader.test"})
        logger.warning(ValueError("no mail to mina@reader.test"))
        logger.warning("failed: %s", OSError("amqp://guest:hunter2@broker/ is away"))
        logger.warning("Authorization: Bearer hunter2hunter2")
        try:
            raise RuntimeError("mina@reader.test has /view/" + _TOKEN)
        except RuntimeError:
            logger.exception("while sending")
        logger.warning("%d of %s mails, %.1f s", 3, 4, 1.5)
    finally:
        logger.removeHandler(handler)
    return screen.getvalue()


def _check() -> None:
    redact_logs()
    redact_logs()
    said = _logged()
    for secret in ("mina@", "hunter2", _TOKEN):
        assert secret not in said, said
    assert "m***@reader.test" in said
    assert "3 of 4 mails, 1.5 s" in said
    assert "RuntimeError" in said


def test_s23_logs_hold_no_secret_and_no_address() -> None:
    _check()


def test_s23_goes_red_without_redaction(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_red(_check, monkeypatch, mailer__cli__logs__redact=lambda text: text)


def _check_settings() -> None:
    shown = repr(read_settings()) + str(read_settings())
    assert "hunter2" not in shown, shown
    assert "redis:6379" in shown


@pytest.fixture
def _with_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _SECRETS.items():
        monkeypatch.setenv(f"MAILER_{name}", value)


@pytest.mark.usefixtures("_with_secrets")
def test_s23_printed_settings_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    _check_settings()
    goes_red(_check_settings, monkeypatch, mailer__settings__redact=lambda text: text)


def test_s23_every_setting_that_names_a_secret_is_one() -> None:
    for name, field in Settings.model_fields.items():
        if name in PUBLIC_KEYS:
            continue
        if name.endswith(("_key", "_token", "password", "secret")) or name.startswith("secret"):
            assert "SecretStr" in str(field.annotation), name


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("run 7 is sending", "run 7 is sending"),
        (
            "<60a9315c1e7118d5d3a1951950149066@news.test>",
            "<60a9315c1e7118d5d3a1951950149066@news.test>",
        ),
        ("https://news.test/n/asia/7", "https://news.test/n/asia/7"),
        ("https://user@news.test/", "https://u***@news.test/"),
        ("a@b", "a@b"),
        ("in 3.14159 s, 12.5 MB", "in 3.14159 s, 12.5 MB"),
        ("mailer.flows.run_import", "mailer.flows.run_import"),
    ],
)
def test_s23_what_operators_look_for_stays(line: str, kept: str) -> None:
    assert redact(line) == kept


@pytest.mark.parametrize(
    "line",
    [
        "mina@reader.test",
        '"mina kim"@reader.test',
        "mina!kim@reader.test",
        "<mina@reader.test>: 550 5.1.1",
        "bounce+mina=reader.test@news.test",
        "?email=mina%40reader.test&x=1",
        "to=mina@reader.test",
        "mina@[192.0.2.1]",
        "미나mina@리더.test",
    ],
)
def test_s23_an_address_is_known_however_it_is_written(line: str) -> None:
    assert "mina" not in redact(line), redact(line)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_s23_a_token_is_known_wherever_it_stands(purpose: Purpose) -> None:
    signer = Signer(("secret",))
    moment = datetime(2026, 3, 10, tzinfo=UTC)
    for token in (
        signer.sign(purpose, 21),
        signer.sign(purpose, 21, "asia"),
        signer.sign_at(purpose, moment, 21),
    ):
        said = redact(f"opened {token} again, ({token})")
        assert token not in said
        assert token[-20:] not in said, said
    key = key_text("A" * 43)
    assert redact(f"key {key}") == "key ***"


def test_s23_every_page_with_a_token_is_known(open_room: Opener) -> None:
    paths = [str(getattr(c, "path", "")) for c in iter_route_contexts(make_app(open_room()).routes)]
    pages = [path for path in paths if "{token}" in path]
    assert len(pages) > 8
    for page in pages:
        said = redact(page.replace("{token}", "abcdefgh12345"))
        assert "abcdefgh12345" not in said, said


def _says(layout: LogFormat) -> str:
    """What our own layout writes: messages, fields, fields in fields, exceptions, warnings."""
    screen = io.StringIO()
    # Whatever ran in this process before may have made it quieter.
    logging.getLogger("kombu").setLevel(logging.NOTSET)
    handler = lay_out_logs(layout, LogLevel.DEBUG, screen)
    try:
        with bound_contextvars(request_id="r-1", email="mina@reader.test", api_token="hunter2"):
            for name in ("mailer.web", "celery.worker", "uvicorn.error", "kombu"):
                logger = logging.getLogger(name)
                logger.warning("mail to %s by /view/%s", "mina@reader.test", _TOKEN)
                logger.warning(
                    "asked",
                    extra={
                        "path": f"/preferences/{_TOKEN}",
                        "client": {"to": ["mina@reader.test"]},
                    },
                )
                try:
                    raise OSError("redis://:hunter2@redis:6379/0 is away from mina@reader.test")
                except OSError:
                    logger.exception("\x1b[31mwhile sending")
            logging.getLogger("kombu").info("chatter")
    finally:
        logging.getLogger().removeHandler(handler)
        logging.captureWarnings(capture=False)
    return screen.getvalue()


def _check_layout(layout: LogFormat) -> str:
    said = _says(layout)
    for secret in ("mina@", "hunter2", _TOKEN):
        assert secret not in said, said
    assert "m***@reader.test" in said
    assert "OSError" in said
    assert "chatter" not in said
    assert "\x1b" not in said, "a log steers no terminal (S21)"
    return said


@pytest.mark.parametrize("layout", list(LogFormat))
def test_s23_neither_layout_tells_a_secret(
    layout: LogFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    _check_layout(layout)
    monkeypatch.setattr("mailer.cli.logs.redact_values", lambda value, _name: value)

    def check() -> None:
        _check_layout(layout)

    goes_red(check, monkeypatch, mailer__cli__logs__redact=lambda text: text)


def test_s23_each_line_of_json_is_one_object_with_its_request() -> None:
    lines = [json.loads(line) for line in _check_layout(LogFormat.JSON).splitlines()]
    assert len(lines) == 12
    assert {line["request_id"] for line in lines} == {"r-1"}
    assert {"level", "logger", "message", "timestamp"} <= set(lines[0])
    assert [line["path"] for line in lines if "path" in line] == ["/preferences/***"] * 4
