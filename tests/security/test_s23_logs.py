"""S23: no password, signed link or reader's address stands in a log or in printed settings."""

import io
import logging
from collections.abc import Iterator

import pytest

from mailer.cli.logs import redact_logs
from mailer.core.redaction import redact
from mailer.core.tokens import Purpose, Signer
from mailer.settings import Settings, read_settings
from tests.security.mutations import goes_red

_TOKEN = Signer(("secret",)).sign(Purpose.UNSUBSCRIBE, 21)
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
    ],
)
def test_s23_what_operators_look_for_stays(line: str, kept: str) -> None:
    assert redact(line) == kept
