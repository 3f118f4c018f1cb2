"""Settings: environment, `.env` and `*_FILE` secrets, prefix `MAILER_`.

Only `bootstrap` and the edges read them; everything below gets values.
"""

import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from mailer.core.bounce_addresses import read_bounce_address
from mailer.core.bounces import SoftRule
from mailer.core.deliveries import InDoubtPolicy
from mailer.core.hooks import HookSecrets
from mailer.core.private_hosts import read_private_hosts
from mailer.core.recipients import AllowedRecipients, read_allowed_recipients
from mailer.core.redaction import redact
from mailer.core.retention import Retention
from mailer.core.throttles import CONCURRENCY, Limits, read_domain_rates
from mailer.errors import InputError, SettingsError

DEVELOPMENT_SECRET = "development-only-secret"  # noqa: S105 - production refuses it
_PREFIX = "MAILER_"
# Settings of a form of their own, and what reads each.
_READ: dict[str, Callable[[str], object]] = {
    "bounce_address": read_bounce_address,
    "allow_recipients": read_allowed_recipients,
    "domain_rates": read_domain_rates,
    "webhook_hosts": read_private_hosts,
}


class Environment(StrEnum):
    """Production refuses a default secret and the console backend."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    """How log lines look: for people, or one JSON object each for machines."""

    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """From which weight on our own log lines are written."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Settings(BaseSettings):
    """Everything an installation can set."""

    # What stands under a setting is its line in docs/reference/settings.md.
    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=".env", extra="ignore", use_attribute_docstrings=True
    )

    env: Environment = Environment.DEVELOPMENT
    """`production` refuses a default secret and the console backend, and closes `/dev`."""
    database_url: str = "sqlite:///mailer.db"
    """`sqlite:///path`, or `postgresql+psycopg://user@host/name` (then `mailer db upgrade`)."""
    broker_url: str = "memory://"
    """In this process, or `redis://host:6379/0` for workers elsewhere."""
    backend: str = "console"
    """`smtp`, `http`, `console`, `maildir`, `memory`, or an entry point of `mailer.backends`."""
    smtp_url: SecretStr = SecretStr("smtp://localhost:25")
    """`smtp://`, `smtp+starttls://`, `smtps://user:pass@host:port`; several with commas
    between, each with `?weight=3` (0: a stand-by), `&messages=100` (a connection),
    `&auth=xoauth2`."""
    smtp_window: int = Field(default=16, ge=1, le=1000)
    """The most messages of a connection between mark and settlement: what a crash can leave in
    doubt. Beyond 16 windows start at 16, and grow to it only while one leaves within 0.1 s."""
    smtp_connections: int = Field(default=1, ge=1, le=64)
    """Connections of a process at the same time."""
    smtp_password_command: str = ""
    """Its first line is the password or token, at each login, of a URL with a user only."""
    bounce_address: str = ""
    """`bounces@news.example`: the envelope sender becomes `bounces+ID.SEAL@…`, so that a
    bounce names its delivery; empty: the newsletter's sender."""
    bounce_imap_url: SecretStr = SecretStr("")
    """`imaps://user:password@host/INBOX`: the mailbox of bounces, read by the clock."""
    bounce_poll_minutes: int = Field(default=5, ge=0, le=1440)
    """How often it is read; 0: only by `mailer bounces poll`."""
    hook_ses_topics: str = ""
    """The SNS topics whose notices count, as ARNs; see docs/hooks.md for these six."""
    hook_ses_certificate: SecretStr = SecretStr("")
    """A certificate instead of the one that SNS names: then nothing is fetched."""
    hook_postmark: SecretStr = SecretStr("")
    """`user:password` that Postmark calls with."""
    hook_sendgrid_key: str = ""
    """SendGrid's verification key."""
    hook_mailgun_key: SecretStr = SecretStr("")
    """Mailgun's HTTP webhook signing key."""
    webhook_hosts: str = ""
    """`hooks.internal,10.1.0.0/16`: private hosts and networks that outgoing webhooks may reach."""
    hook_max_age_minutes: int = Field(default=60, ge=1, le=10_080)
    """How old a signed notice may be."""
    soft_bounces: int = Field(default=5, ge=1, le=100)
    """So many mails that come back softly suppress an address …"""
    soft_bounce_days: int = Field(default=30, ge=1, le=365)
    """… within so many days."""
    maildir: Path = Path("mail")
    """Where the maildir backend writes."""
    public_url: str = "http://localhost:8000"
    """What links in mails start with: the https address of `mailer web`."""
    site_name: str = "The Newsroom"
    """Stands in every mail and page."""
    sender_address: str = ""
    """Who mails are from that belong to no newsletter; empty: `newsroom@` the public host."""
    postal_address: str = "The Newsroom, 1 Example Street, Example City"
    """Stands in every mail: law in many countries asks for it."""
    max_mail_kb: int = Field(default=100, ge=20, le=1000)
    """No digest is larger; Gmail clips above about 102."""
    templates: Path | None = None
    """A folder whose templates come before the packaged ones."""
    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    """Signs links: 32 random characters, as `openssl rand -hex 32` prints."""
    secret_key_old: SecretStr = SecretStr("")
    """The one before: links it signed are still good."""
    rate: float = Field(default=0.0, ge=0.0, le=1e6)
    """Messages a second of the whole installation, shared through Redis; 0: no limit."""
    domain_rates: str = ""
    """`example.org=5,example.net=0.5`: messages a second to recipients of a domain."""
    domain_concurrency: int = Field(default=CONCURRENCY, ge=1, le=10_000)
    """What a domain that defers starts from."""
    http_url: str = ""
    """Where the http backend posts messages."""
    http_token: SecretStr = SecretStr("")
    """Its bearer token."""
    allow_recipients: str = ""
    """`mina@example.org,*@example.net`: outside production only these get real mail."""
    dkim_domain: str = ""
    """Sign every mail for this domain; several with commas between."""
    dkim_selector: str = ""
    """The selectors of the keys, in their order."""
    dkim_key: SecretStr = SecretStr("")
    """The private keys, one below the other: `mailer dkim new` makes one."""
    in_doubt: InDoubtPolicy = InDoubtPolicy.HOLD
    """`resend`: mails in doubt go out again with the same Message-ID; `hold`: a person decides."""
    epoch_file: Path | None = None
    """The restore guard's file, on a disk that is not restored with the database; beside
    SQLite in production by itself."""
    log_format: LogFormat = LogFormat.CONSOLE
    """`json`: each log line on stderr is one object, with its request's or task's id."""
    log_level: LogLevel = LogLevel.INFO
    """From which weight on: DEBUG, INFO, WARNING or ERROR."""
    # Longer than any mail may wait, so that a retry finds what it was made from.
    keep_editions_days: int = Field(default=90, ge=5, le=36_500)
    """How long what mails were made from is kept: longer than any mail may wait."""
    keep_requests_days: int = Field(default=31, ge=31, le=3_650)
    """How long requests to subscribe are kept: the form counts those of 30 days."""
    keep_sessions_days: int = Field(default=30, ge=1, le=3_650)
    """How long ended sessions of operators are kept."""
    keep_imports_days: int = Field(default=30, ge=1, le=3_650)
    """How long ended imports of readers are kept, with the lines that were rejected."""
    admin_email: str = ""
    """The first admin, added when `web` or `up` starts and there is no operator at all."""
    admin_password: SecretStr = SecretStr("")
    """Hers, until she changes it at `/operate/account`; afterwards neither is looked at."""
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    """How many web servers of yours stand before `mailer web`: whom X-Forwarded-For is believed."""

    @field_validator("public_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @field_validator(*_READ)
    @classmethod
    def _can_be_read(cls, value: str, info: ValidationInfo) -> str:
        try:
            read = _READ[str(info.field_name)](value) if value else value
        except InputError as error:
            raise ValueError(str(error)) from error
        return read if isinstance(read, str) else value

    @model_validator(mode="after")
    def _production_is_real(self) -> "Settings":
        if self.env is Environment.PRODUCTION:
            if self.secret_key.get_secret_value() == DEVELOPMENT_SECRET:
                raise ValueError("production needs MAILER_SECRET_KEY: any 32 random characters")
            if self.backend == "console":
                raise ValueError("production needs MAILER_BACKEND: smtp or maildir, not console")
        return self

    @model_validator(mode="after")
    def _doubts_of_a_gateway_end(self) -> "Settings":
        if self.backend == "http" and "in_doubt" not in self.model_fields_set:
            # A gateway takes a second request with the same key for the first: resending is safe.
            self.in_doubt = InDoubtPolicy.RESEND
        return self

    @property
    def limits(self) -> Limits:
        """How fast mail may leave."""
        return Limits(self.rate, read_domain_rates(self.domain_rates), self.domain_concurrency)

    @property
    def allowed_recipients(self) -> AllowedRecipients:
        """The patterns of addresses that may get mail outside production."""
        return read_allowed_recipients(self.allow_recipients)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show settings without the passwords that stand in addresses (S23)."""
        for name, value in super().__repr_args__():
            yield name, redact(value) if isinstance(value, str) else value

    @property
    def is_embedded(self) -> bool:
        """Whether this process does all the work, for want of a broker others could hear."""
        return self.broker_url.startswith("memory:")

    @property
    def soft_rule(self) -> SoftRule:
        """After how many soft bounces an address is suppressed."""
        return SoftRule(self.soft_bounces, timedelta(days=self.soft_bounce_days))

    @property
    def retention(self) -> Retention:
        """How long what ages is kept."""
        return Retention(
            editions=timedelta(days=self.keep_editions_days),
            requests=timedelta(days=self.keep_requests_days),
            sessions=timedelta(days=self.keep_sessions_days),
            imports=timedelta(days=self.keep_imports_days),
        )

    @property
    def hook_secrets(self) -> HookSecrets:
        """What proves notices of mail services; several keys of one service for a rotation."""
        return HookSecrets(
            ses_topics=tuple(self.hook_ses_topics.replace(",", " ").split()),
            ses_certificate=self.hook_ses_certificate.get_secret_value().strip(),
            postmark=tuple(self.hook_postmark.get_secret_value().split()),
            sendgrid_keys=tuple(self.hook_sendgrid_key.replace(",", " ").split()),
            mailgun_keys=tuple(self.hook_mailgun_key.get_secret_value().replace(",", " ").split()),
            max_age=timedelta(minutes=self.hook_max_age_minutes),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """The signing secrets, newest first."""
        keys = (self.secret_key.get_secret_value(), self.secret_key_old.get_secret_value())
        return tuple(key for key in keys if key)


def read_settings() -> Settings:
    """Read the settings from environment, `.env` and secret files.

    `MAILER_SECRET_KEY_FILE=/run/secrets/key` reads the value of `SECRET_KEY` from that file; the
    same holds for every setting. Raises SettingsError naming each setting and its mend.
    """
    from_files: dict[str, str] = {}
    for variable, path in os.environ.items():
        name = variable.upper()
        if name.startswith(_PREFIX) and name.endswith("_FILE"):
            field = name.removeprefix(_PREFIX).removesuffix("_FILE").lower()
            if field not in Settings.model_fields:
                continue
            try:
                from_files[field] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(f"{variable}: cannot read '{path}': {error}") from error
    try:
        return Settings(**from_files)  # type: ignore[arg-type]  # pydantic converts the strings
    except ValidationError as error:
        problems = "; ".join(
            f"{_PREFIX}{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}"
            if item["loc"]
            else str(item["msg"])
            for item in error.errors()
        )
        raise SettingsError(f"settings cannot be used: {problems}") from error
