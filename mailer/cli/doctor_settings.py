"""What the settings alone tell: values nobody changed, names nobody reads, mail in clear."""

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from mailer.core.findings import Finding, fail, ok, warn
from mailer.core.hygiene import clean_header
from mailer.delivery.guard import STAYS_INSIDE
from mailer.delivery.registry import BUILT_IN
from mailer.settings import DEVELOPMENT_SECRET, Environment, Settings

_SHORTEST_SECRET = 32


def examine_settings(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Look at the settings of an installation and the environment they came from."""
    yield ok("settings", f"{settings.env}, backend {clean_header(settings.backend, 40)}")
    yield from _examine_names(environment)
    yield _examine_secret(settings)
    yield _examine_public_url(settings)
    yield from _examine_proxies(settings)
    yield from _examine_address(settings)
    yield from _examine_reach(settings)
    yield from _examine_files(environment)


def _examine_names(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Find variables with our prefix that no setting reads: most are slips of the fingers."""
    known = {f"MAILER_{field}".upper() for field in Settings.model_fields}
    for name in sorted(environment):
        upper = name.upper()
        if not upper.startswith("MAILER_") or upper.startswith("MAILER_TEST_"):
            continue
        if upper not in known and upper.removesuffix("_FILE") not in known:
            near = get_close_matches(upper, known, n=1)
            guess = f"did you mean {near[0]}?" if near else "remove it"
            yield warn("settings", f"nobody reads {clean_header(name, 80)}", guess)


def _examine_secret(settings: Settings) -> Finding:
    secret = settings.secret_key.get_secret_value()
    if secret == DEVELOPMENT_SECRET:
        return warn(
            "secret",
            "MAILER_SECRET_KEY is the one everybody knows: anybody can end your readers' mail",
            "set it to 32 random characters, such as 'openssl rand -hex 32' prints",
        )
    if len(secret) < _SHORTEST_SECRET:
        return warn("secret", f"MAILER_SECRET_KEY has {len(secret)} characters", "use 32 or more")
    return ok("secret", "links are signed with a secret of your own")


def _examine_public_url(settings: Settings) -> Finding:
    url = urlsplit(settings.public_url)
    host = url.hostname or ""
    real = settings.env is Environment.PRODUCTION
    if _is_local(host):
        level = fail if real else warn
        return level(
            "public url",
            f"links in mails lead to {settings.public_url}, which readers cannot open",
            "set MAILER_PUBLIC_URL to the https:// address of 'mailer web'",
        )
    if url.scheme != "https":
        return fail(
            "public url",
            f"{settings.public_url} is not https: one-click unsubscribe does not work (RFC 8058)",
            "put 'mailer web' behind TLS and set MAILER_PUBLIC_URL to https://…",
        )
    return ok("public url", settings.public_url)


def _examine_proxies(settings: Settings) -> Iterator[Finding]:
    """Find that all visitors look like one: `mailer web` speaks no TLS, so somebody does before."""
    if settings.public_url.startswith("https:") and not settings.trusted_proxies:
        yield warn(
            "proxies",
            "something with TLS stands before 'mailer web', and all visitors have its address: "
            "they share one limit",
            "MAILER_TRUSTED_PROXIES=1, or as many as there are",
        )


def _examine_address(settings: Settings) -> Iterator[Finding]:
    mends = {
        "site_name": "set it to the name readers know",
        "postal_address": "set it to yours: law in many countries asks for it in every mail",
    }
    for name, mend in mends.items():
        if getattr(settings, name) == Settings.model_fields[name].default:
            level = fail if settings.env is Environment.PRODUCTION else warn
            yield level(
                name.replace("_", " "),
                f"MAILER_{name.upper()} is still ours: '{getattr(settings, name)}'",
                mend,
            )


def _examine_reach(settings: Settings) -> Iterator[Finding]:
    inside = settings.backend in STAYS_INSIDE
    if settings.env is Environment.PRODUCTION and settings.allow_recipients:
        yield warn(
            "recipients",
            "MAILER_ALLOW_RECIPIENTS has no effect in production: everybody gets mail",
            "remove it, or set MAILER_ENV=development",
        )
    if inside:
        if settings.env is Environment.PRODUCTION:
            yield warn(
                "backend",
                f"'{settings.backend}' keeps all mail on this machine",
                "set MAILER_BACKEND=smtp and MAILER_SMTP_URL",
            )
        return
    if settings.env is Environment.DEVELOPMENT and not settings.allow_recipients:
        yield warn(
            "recipients",
            "this is no production, yet real readers would get mail",
            "set MAILER_ALLOW_RECIPIENTS=you@example.org,*@example.net, or MAILER_ENV=production",
        )
    if settings.backend in BUILT_IN and not settings.dkim_domain:
        yield warn(
            "dkim",
            "mail leaves unsigned: Gmail, Yahoo and Microsoft ask bulk senders for DKIM",
            "'mailer dkim new', unless your relay signs with your domain",
        )
    if settings.backend == "smtp" and not settings.bounce_address:
        yield warn(
            "bounces",
            "MAILER_BOUNCE_ADDRESS is not set: bounces go to each newsletter's sender, unread",
            "set it to a mailbox that 'mailer bounces' reads",
        )
    if settings.rate and settings.is_embedded and not settings.database_url.startswith("sqlite"):
        yield warn(
            "rate",
            "MAILER_RATE holds for each process by itself without a Redis to share it",
            "set MAILER_BROKER_URL=redis://…, or run one process",
        )


def _examine_files(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Find files with secrets that others on this machine may read."""
    named = [
        value
        for name, value in environment.items()
        if name.upper().startswith("MAILER_") and name.upper().endswith("_FILE")
    ]
    for name in [".env", *sorted(named)]:
        path = Path(name)
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        # Secrets that a container mounts belong to root and are read-only for all in it.
        if mode & 0o007 and os.access(path, os.R_OK) and path.stat().st_uid == os.getuid():
            yield warn("secrets", f"everybody on this machine may read {name}", f"chmod 600 {name}")


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local")):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False
