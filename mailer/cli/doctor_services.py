"""What the services say: database, broker, backend, DNS; and what stands on the disk."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from mailer.core.findings import Finding, Level, fail, ok, warn
from mailer.core.hygiene import clean_header
from mailer.core.readers import Newsletter
from mailer.delivery.dkim import DkimSigner
from mailer.delivery.dns_facts import Names, NoResolver, examine_domain, examine_relay
from mailer.delivery.registry import open_backend
from mailer.delivery.smtp_probe import probe_smtp
from mailer.delivery.smtp_servers import read_server
from mailer.errors import BackendError, InputError, MailerError, ServiceAway
from mailer.flows.guard_restore import RestoreGuard
from mailer.ports import BackendOptions
from mailer.settings import Environment, Settings
from mailer.store.database import Database
from mailer.store.health import database_facts, oldest_due_at
from mailer.store.newsletters import list_newsletters

_LITTLE_SPACE = 1024**3
_NO_SPACE = 100 * 1024**2
_SKEW, _MUCH_SKEW = timedelta(seconds=2), timedelta(seconds=30)
_STUCK = timedelta(minutes=15)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def examine_database(database: Database, *, clock: Callable[[], datetime]) -> Iterator[Finding]:
    """Look at database, schema, clock, and whether somebody works on what is due."""
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    if database.is_sqlite and not database.is_made:
        yield ok("database", "none yet: the first command makes it")
        return
    try:
        with database.read() as connection:
            facts = database_facts(connection)
    except ServiceAway as error:
        yield fail(
            "database",
            clean_header(str(error)),
            "start it, or check MAILER_DATABASE_URL",
            away=True,
        )
        return
    yield ok("database", f"{kind} {facts.version}")
    try:
        database.require_current()
    except InputError as error:
        if database.is_sqlite:
            yield warn("schema", str(error), "any other command brings it up to date by itself")
            return
        yield fail("schema", str(error), "mailer db upgrade")
        return
    yield ok("schema", "current")
    skew = abs(facts.now - datetime.now(UTC)) if facts.now else timedelta(0)
    if skew > _SKEW:
        level = fail if skew > _MUCH_SKEW else warn
        yield level(
            "clock",
            f"clocks differ by {skew.total_seconds():.0f} s from the database's: leases go wrong",
            "run a time service (NTP) on both",
        )
    elif facts.now:
        yield ok("clock", "this machine and the database agree")
    with database.read() as connection:
        due_at = oldest_due_at(connection, clock())
    if due_at is not None and clock() - due_at > _STUCK:
        yield warn(
            "workers",
            f"mail is due since {due_at.isoformat(timespec='seconds')}: does somebody send it?",
            "run 'mailer worker' and 'mailer beat', or 'mailer up'; see 'mailer runs list'",
        )


def examine_epoch(database: Database, settings: Settings, guard: RestoreGuard) -> Iterator[Finding]:
    """Say whether the database is the one this machine knows."""
    if guard.path is None:
        if settings.env is Environment.PRODUCTION:
            yield warn(
                "restore guard",
                "none: a database restored from a backup would send again at once",
                "set MAILER_EPOCH_FILE to a file on a disk that is not restored with the database",
            )
        return
    try:
        strange = database.is_made and guard.strangeness(database)
    except MailerError as error:
        yield fail("restore guard", clean_header(str(error), 500), "see the findings above")
        return
    if strange:
        yield fail(
            "restore guard",
            f"the database was restored or cloned, nothing is sent: {strange}",
            "look at 'mailer runs list', then run 'mailer accept-restore'",
        )
    else:
        yield ok("restore guard", "this machine knows the database")


def newsletters_of(database: Database) -> Sequence[Newsletter]:
    """Return the newsletters, none when the database cannot say."""
    try:
        with database.read() as connection:
            return list_newsletters(connection)
    except Exception:  # noqa: BLE001 - an empty or older schema; the finding about it stands above
        return ()


def examine_disk(settings: Settings) -> Iterator[Finding]:
    """Look at space and rights where this installation writes."""
    folders: dict[str, Path] = {}
    if settings.database_url.startswith("sqlite:///"):
        folders["database"] = Path(settings.database_url.removeprefix("sqlite:///")).parent
    if settings.backend == "maildir":
        folders["maildir"] = settings.maildir
    for subject, folder in folders.items():
        there = next((each for each in (folder, *folder.absolute().parents) if each.exists()), None)
        if there is None or not os.access(there, os.W_OK | os.X_OK):
            yield fail(f"disk {subject}", f"'{folder}' is not writable", "give this user the right")
            continue
        free = shutil.disk_usage(there).free
        said = f"{free / 1024**3:.1f} GiB free at '{folder}'"
        if free < _NO_SPACE:
            yield fail(f"disk {subject}", said, "free some space")
        elif free < _LITTLE_SPACE:
            yield warn(f"disk {subject}", said, "free some space")
        else:
            yield ok(f"disk {subject}", said)


def examine_backend(
    settings: Settings, sender: str, options: BackendOptions, *, clock: Callable[[], datetime]
) -> Iterator[Finding]:
    """Look at where mail goes; a server is greeted, and nothing is sent."""
    try:
        backend = open_backend(settings.backend, options)
    except MailerError as error:
        yield fail("backend", clean_header(str(error), 500), "see docs/backends.md")
        return
    backend.close()
    if settings.backend == "smtp":
        for url in options.smtp_urls:
            command = options.smtp_password_command
            yield from probe_smtp(url, sender, now=clock, password_command=command)
    elif settings.backend == "http":
        scheme = urlsplit(settings.http_url).scheme
        host = urlsplit(settings.http_url).hostname or ""
        if scheme == "http" and host not in _LOOPBACK:
            yield warn("http", "messages travel to the gateway in clear", "use https://")
        if not settings.http_token.get_secret_value():
            yield warn("http", "the gateway is asked without a token", "set MAILER_HTTP_TOKEN")
    if backend.name == settings.backend:
        yield ok("backend", f"'{clean_header(backend.name, 40)}' can be built")


def examine_dns(
    settings: Settings,
    newsletters: Sequence[Newsletter],
    dkim: DkimSigner | None,
    options: BackendOptions,
    resolver: str,
) -> Iterator[Finding]:
    """Look at what receivers will read about each sender's domain."""
    senders = [one.sender_address for one in newsletters]
    if settings.sender_address:
        senders.append(settings.sender_address)
    signed = sorted({address.rpartition("@")[2].lower() for address in senders})
    for domain in signed:
        if dkim is not None and dkim.domain_for(domain) is None:
            yield fail(
                f"dkim {domain}",
                f"MAILER_DKIM_DOMAIN ({', '.join(dkim.domains)}) does not cover it: its mail halts",
                "add the domain there, or change the sender",
            )
    domains = [*signed]
    if settings.bounce_address:
        domains.append(settings.bounce_address.rpartition("@")[2].lower())
    public = [domain for domain in dict.fromkeys(domains) if not _is_reserved(domain)]
    for domain in dict.fromkeys(domains):
        if _is_reserved(domain):
            yield warn(
                f"dns {domain}",
                "this domain is an example that nobody can receive mail from",
                "mailer newsletters edit … --from news@your-domain",
            )
    try:
        names = Names(resolver)
        for domain in public:
            keys = dkim.keys if dkim else ()
            key_domain = dkim.domain_for(domain) if dkim else None
            yield from examine_domain(names, domain, keys, key_domain=key_domain)
        for host in _relay_hosts(options if settings.backend == "smtp" else BackendOptions()):
            found = examine_relay(names, host)
            if found is not None:
                yield found
    except NoResolver as error:
        yield warn(
            "dns",
            f"no resolver answers: SPF, DKIM, DMARC were not seen ({clean_header(str(error), 80)})",
            "check by hand, or name one: mailer doctor --resolver 192.0.2.53",
        )


def worst(findings: Sequence[Finding]) -> int:
    """Return the exit code: 0 nothing fails, 3 only services that are away, else 1."""
    failed = [finding for finding in findings if finding.level is Level.FAIL]
    if not failed:
        return 0
    return 3 if all(finding.away for finding in failed) else 1


def _relay_hosts(options: BackendOptions) -> Iterator[str]:
    for url in options.smtp_urls:
        try:
            host = read_server(url).host
        except BackendError:
            continue
        if host not in _LOOPBACK and "." in host and not host.replace(".", "").isdigit():
            yield host


def _is_reserved(domain: str) -> bool:
    """Tell domains of RFC 2606 and 6761, where no mail is."""
    return domain in ("example.com", "example.net", "example.org") or domain.endswith(
        (".example", ".invalid", ".localhost", ".example.com", ".example.net", ".example.org")
    )
