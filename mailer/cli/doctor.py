"""`mailer doctor`: what would go wrong, and how to mend it, before readers notice."""

import os
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mailer.bootstrap import (
    backend_options,
    dkim_signer,
    epoch_file,
    open_workbench,
    utc_now,
)
from mailer.cli.doctor_hooks import examine_hooks, examine_webhooks
from mailer.cli.doctor_newsroom import examine_newsroom
from mailer.cli.doctor_services import (
    examine_backend,
    examine_database,
    examine_disk,
    examine_dns,
    examine_epoch,
    newsletters_of,
    worst,
)
from mailer.cli.doctor_settings import examine_settings
from mailer.cli.options import JsonOption
from mailer.cli.output import print_json
from mailer.core.findings import Finding, Level, fail, ok
from mailer.core.hygiene import safe_terminal
from mailer.errors import BackendError, MailerError, SettingsError
from mailer.flows.guard_restore import RestoreGuard
from mailer.render.lint.findings import Level as LintLevel
from mailer.settings import Settings, read_settings
from mailer.store.database import Database

_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def doctor(
    resolver: Annotated[
        str, typer.Option(metavar="ADDRESS[:PORT]", help="Ask this DNS server.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Look at settings, database, broker, mail server, DNS and templates; each line has its mend.

    Nothing is changed and no mail is sent. Exit code 1 when something fails, 3 when only services
    are away.
    """
    findings = []
    for finding in _examine(resolver):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print_json([_document(finding) for finding in findings])
    code = worst(findings)
    if code:
        raise typer.Exit(code)


def _examine(resolver: str) -> Iterator[Finding]:
    try:
        settings = read_settings()
    except SettingsError as error:
        yield fail("settings", str(error), "mend them; nothing else can be looked at before")
        return
    yield from examine_settings(settings, os.environ)
    yield from examine_hooks(settings, now=utc_now())
    yield from examine_disk(settings)
    try:
        database = Database.open(settings.database_url)
    except SettingsError as error:
        yield fail("database", str(error), "mend MAILER_DATABASE_URL")
        return
    try:
        yield from examine_database(database, clock=utc_now)
        yield from examine_epoch(database, settings, RestoreGuard(epoch_file(settings)))
        newsletters = newsletters_of(database) if database.is_made else ()
        yield from examine_newsroom(database, now=utc_now())
        yield from examine_webhooks(database)
    finally:
        database.close()
    from workers.broker_probe import probe_broker

    yield from probe_broker(settings.broker_url)
    options = backend_options(settings)
    sender = next((one.sender_address for one in newsletters), "")
    yield from examine_backend(settings, sender, options, clock=utc_now)
    try:
        dkim = dkim_signer(settings)
    except BackendError as error:
        yield fail("dkim", str(error), "'mailer dkim show' when it is mended")
        dkim = None
    yield from examine_dns(settings, newsletters, dkim, options, resolver)
    yield from _examine_templates(settings)


def _examine_templates(settings: Settings) -> Iterator[Finding]:
    try:
        bench = open_workbench(settings)
        broken = [
            f"{name}: {found.message}"
            for name in bench.names()
            for found in bench.lint(name)
            if found.level is LintLevel.ERROR
        ]
    except MailerError as error:
        yield fail("templates", str(error), "mend the template; 'mailer lint' shows all")
        return
    if broken:
        yield fail("templates", broken[0], "'mailer lint' shows all")
        return
    yield ok("templates", f"{len(bench.names())} mails render without an error")


def _print(finding: Finding) -> None:
    console = Console(highlight=False, soft_wrap=True)
    line = Text(f"{finding.level:<5}", style=_STYLES[finding.level])
    line.append(safe_terminal(f"{finding.subject}: {finding.found}"), style="default")
    console.print(line)
    if finding.mend:
        console.print(Text(safe_terminal(f"      mend: {finding.mend}")))


def _document(finding: Finding) -> dict[str, object]:
    return {
        "level": finding.level,
        "subject": finding.subject,
        "found": finding.found,
        "mend": finding.mend,
    }
