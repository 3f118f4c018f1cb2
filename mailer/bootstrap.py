"""The one place where objects are joined: settings in, a working installation out.

What only some installations or commands use is imported where it is joined: a short command would
wait longer for Redis' client than for its database.
"""

import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import mailer
from mailer.core.bounce_addresses import delivery_mark
from mailer.core.hooks import Provider
from mailer.core.private_hosts import read_private_hosts
from mailer.core.recipients import EVERYBODY, AllowedRecipients
from mailer.core.tokens import Signer
from mailer.delivery.dkim import (
    DkimSigner,
    SigningBackend,
    UnsignableError,
    read_dkim_signer,
)
from mailer.delivery.guard import STAYS_INSIDE, GuardedBackend
from mailer.delivery.marking import MarkingBackend, marked
from mailer.delivery.registry import open_backend
from mailer.delivery.smtp_servers import read_server
from mailer.delivery.throttle import MemoryThrottle
from mailer.flows.desk import Desk
from mailer.flows.guard_restore import RestoreGuard
from mailer.ports import Backend, BackendOptions, Throttle
from mailer.render.mail import Renderer
from mailer.render.site import Site
from mailer.settings import Environment, Settings
from mailer.store.database import Database, sqlite_path, upgrade

if TYPE_CHECKING:
    from mailer.flows.send_webhooks import WebhookSender
    from mailer.render.workbench import Workbench

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Installation:
    """A set of settings, joined. `clock` is the only clock there is."""

    settings: Settings
    desk: Desk
    clock: Clock
    dkim: DkimSigner | None = None

    @property
    def lanes(self) -> int:
        """How many threads may deliver at the same time: one a connection."""
        return self.settings.smtp_connections if self.settings.backend == "smtp" else 1

    @property
    def relays(self) -> tuple[str, ...]:
        """The names that the throttle knows our relays by."""
        if self.settings.backend != "smtp":
            return (self.settings.backend,)
        return tuple(read_server(url).name for url in backend_options(self.settings).smtp_urls)

    @property
    def is_production(self) -> bool:
        """Whether real readers are at the other end."""
        return self.settings.env is Environment.PRODUCTION

    def open_backend(self, stream: TextIO | None = None) -> Backend:
        """Open the backend the settings name; `stream` is where the console backend writes.

        Mail is signed on its way when there is a DKIM key, and stopped when it is not allowed out.
        """
        options = replace(
            backend_options(self.settings, stream), throttle=self.desk.throttle, clock=self.clock
        )
        backend = open_backend(self.settings.backend, options)
        if self.dkim:
            backend = SigningBackend(backend, self.dkim)
        if self.is_marked:
            backend = MarkingBackend(backend, partial(delivery_mark, signer=self.desk.signer))
        allowed = self.desk.allowed
        return GuardedBackend(backend, allowed) if allowed.patterns else backend

    @property
    def is_marked(self) -> bool:
        """Whether mails carry a mark that Postmark hands back with its notices."""
        return self.settings.hook_secrets.listens_to(Provider.POSTMARK)

    def as_sent(self, delivery_id: int, content: bytes) -> tuple[bytes, str]:
        """Return a rebuilt message with its mark and its signatures, and what to know of them.

        Neither draws random numbers: with the same settings it is what was sent, to the byte.
        """
        if self.is_marked:
            content = marked(content, delivery_mark(delivery_id, self.desk.signer))
        if self.dkim is None:
            return content, ""
        try:
            signed = self.dkim.sign(content)
        except UnsignableError as error:
            return content, f"unsigned: {error}"
        names = ", ".join(self.dkim.selectors)
        return signed, (
            f"signed again with the keys of today ({names}): unless they have changed since, "
            "this is what was sent, to the byte"
        )

    def test_desk(self) -> Desk:
        """Return the desk for test mails: their links are signed with a secret nobody keeps."""
        signer = Signer((secrets.token_hex(),))
        renderer = _renderer(self.settings, self.desk.site, signer)
        return replace(self.desk, signer=signer, renderer=renderer)

    def close(self) -> None:
        """Close the database and the throttle."""
        self.desk.throttle.close()
        self.desk.database.close()


def open_installation(settings: Settings, *, clock: Clock = utc_now) -> Installation:
    """Join an installation. A SQLite database is made and migrated on the way.

    PostgreSQL is shared between machines: it is migrated only by `mailer db upgrade`.
    Raises SettingsError, BackendError (DKIM), InputError (schema) or ServiceAway.
    """
    dkim = dkim_signer(settings)
    database = Database.open(settings.database_url)
    if database.is_sqlite:
        upgrade(settings.database_url)
    else:
        database.require_current()
    signer = Signer(settings.secrets)
    site = _site(settings)
    desk = Desk(
        database,
        _renderer(settings, site, signer),
        signer,
        site,
        bounce_address=settings.bounce_address,
        allowed=_allowed_recipients(settings),
        throttle=_open_throttle(settings),
        guard=RestoreGuard(epoch_file(settings)),
    )
    return Installation(settings, desk, clock, dkim)


def backend_options(settings: Settings, stream: TextIO | None = None) -> BackendOptions:
    """Return what backends may be built from; `stream` is where the console backend writes."""
    return BackendOptions(
        smtp_urls=tuple(
            url.strip() for url in settings.smtp_url.get_secret_value().split(",") if url.strip()
        ),
        smtp_window=settings.smtp_window,
        smtp_connections=settings.smtp_connections,
        smtp_password_command=settings.smtp_password_command,
        http_url=settings.http_url,
        http_token=settings.http_token.get_secret_value(),
        maildir=settings.maildir,
        stream=stream or sys.stdout,
        draw_html=_draw_html,
    )


def _draw_html(html: str, width: int) -> str:
    from mailer.render.terminal import draw_html

    return draw_html(html, width=width)


def dkim_signer(settings: Settings) -> DkimSigner | None:
    """Return what signs mail, None without keys; raises BackendError."""
    return read_dkim_signer(
        settings.dkim_domain, settings.dkim_selector, settings.dkim_key.get_secret_value()
    )


def _renderer(settings: Settings, site: Site, signer: Signer) -> Renderer:
    return Renderer(
        site,
        signer,
        overrides=settings.templates,
        max_mail_bytes=settings.max_mail_kb * 1024,
    )


def _open_throttle(settings: Settings) -> Throttle:
    """Return a throttle that all processes share when their broker is a Redis, else our own."""
    if settings.broker_url.startswith(("redis://", "rediss://")):
        from mailer.delivery.throttle_redis import RedisThrottle

        return RedisThrottle(settings.broker_url, settings.limits)
    return MemoryThrottle(settings.limits)


def epoch_file(settings: Settings) -> Path | None:
    """Return the file the restore guard needs, None where none watches.

    In production it lies beside a SQLite database; elsewhere only where it was asked for, so that
    no copy of a database is refused on a developer's desk.
    """
    if settings.epoch_file is not None or settings.env is not Environment.PRODUCTION:
        return settings.epoch_file
    path = sqlite_path(settings.database_url)
    return path and path.with_name(f"{path.name}.epoch")


def _allowed_recipients(settings: Settings) -> AllowedRecipients:
    """Return who may get mail: in production, and from backends that stay inside, everybody."""
    if settings.env is Environment.PRODUCTION or settings.backend in STAYS_INSIDE:
        return EVERYBODY
    return settings.allowed_recipients


def fresh_desk(room: Installation) -> Desk:
    """Return the desk with a renderer that has kept nothing: what was saved just now counts."""
    return replace(
        room.desk,
        renderer=Renderer(
            room.desk.site,
            room.desk.signer,
            overrides=room.settings.templates,
            max_mail_bytes=room.settings.max_mail_kb * 1024,
        ),
    )


def open_workbench(settings: Settings) -> "Workbench":
    """Join a workbench for templates; no database is opened.

    Its mails lead to https even where a developer's own pages do not: else every link would be a
    finding.
    """
    from mailer.render.workbench import Workbench

    site = _site(settings)
    if site.public_url.startswith("http://localhost"):
        site = replace(site, public_url="https://news.example")
    return Workbench(
        site,
        Signer(settings.secrets),
        overrides=settings.templates,
        max_mail_bytes=settings.max_mail_kb * 1024,
    )


def webhook_sender(room: Installation) -> "WebhookSender":
    """Return what tells webhooks (S12).

    A receiver on this machine only where no production is; of private hosts those of the settings.
    """
    from mailer.flows.send_webhooks import WebhookSender
    from mailer.ingest.posting import post

    return WebhookSender(
        room.desk.database,
        room.clock,
        guard=room.desk.guard,
        allow_loopback=not room.is_production,
        post=partial(post, private=read_private_hosts(room.settings.webhook_hosts)),
    )


def _site(settings: Settings) -> Site:
    return Site(
        settings.site_name, settings.public_url, settings.postal_address, settings.sender_address
    )


def with_database(settings: Settings, path: Path) -> Settings:
    """Return the settings with a SQLite database at this path."""
    return settings.model_copy(update={"database_url": f"sqlite:///{path}"})


def packaged_seeds() -> Path:
    """Return the folder of seeds: inside an installed package, or beside a checkout's code."""
    package = Path(mailer.__file__).parent
    inside = package / "_data" / "seeds"
    return inside if inside.is_dir() else package.parent / "seeds"
