"""The entry: all commands, and how errors become words and exit codes.

0 done, 1 done with failures it names, 2 wrong usage or input, 3 a service it needs is away.
"""

import os
import sys
from typing import Annotated

import typer

import mailer
from mailer.cli import (
    audit,
    bounces,
    database,
    deliveries,
    demo,
    dkim,
    doctor,
    domains,
    explanations,
    expressions,
    feeds,
    follows,
    hooks,
    keys,
    ledger,
    linting,
    migrating,
    newsletters,
    operators,
    plans,
    previews,
    readers,
    runs,
    schedules,
    serving,
    stories,
    suppressions,
    tags,
    templates,
    testing,
    webhooks,
)
from mailer.cli.examples import show_examples
from mailer.cli.logs import lay_out_logs
from mailer.cli.output import note
from mailer.core.expressions import point_at
from mailer.errors import ExpressionError, MailerError, ServiceAway, TemplateError
from mailer.settings import LogFormat, LogLevel

app = typer.Typer(
    name="mailer",
    help="Newsletters and alerts of tagged stories, composed for each reader.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo.demo)
app.command()(database.seed)
app.command("accept-restore")(database.accept_restore)
app.command()(plans.plan)
app.command()(plans.send)
app.command()(previews.preview)
app.command()(linting.lint)
app.command()(serving.up)
app.command()(serving.web)
app.command()(serving.worker)
app.command()(serving.beat)
app.command()(serving.drain)
app.command()(doctor.doctor)
app.command("send-test")(testing.send_test_mail)
app.command()(explanations.explain)
app.command()(schedules.tick)
app.command("import")(migrating.import_product)
app.command()(migrating.export)
app.command()(follows.follow)
app.command()(follows.unfollow)
app.command()(follows.mute)
app.command()(follows.unmute)
app.add_typer(stories.app, name="stories")
app.add_typer(feeds.app, name="feeds")
app.add_typer(tags.app, name="tags")
app.add_typer(templates.app, name="templates")
app.add_typer(newsletters.app, name="newsletters")
app.add_typer(readers.app, name="readers")
app.add_typer(expressions.app, name="expression")
app.add_typer(runs.app, name="runs")
app.add_typer(schedules.app, name="schedules")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(ledger.app, name="ledger")
app.add_typer(database.app, name="db")
app.add_typer(suppressions.app, name="suppressions")
app.add_typer(dkim.app, name="dkim")
app.add_typer(domains.domains_app, name="domains")
app.add_typer(domains.relays_app, name="relays")
app.add_typer(operators.app, name="operators")
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")
app.add_typer(bounces.app, name="bounces")
app.add_typer(hooks.app, name="hooks")
app.add_typer(webhooks.app, name="webhooks")

show_examples(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mailer {mailer.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Newsletters and alerts of tagged stories, composed for each reader."""


def run() -> None:
    """Run the command line and exit with its code."""
    # Until a command that serves reads the settings: warnings, for people.
    lay_out_logs(LogFormat.CONSOLE, LogLevel.WARNING)
    try:
        app()
    except ExpressionError as error:
        note(point_at(error))
        sys.exit(2)
    except TemplateError as error:
        note(f"mailer: {error}")
        if error.excerpt:
            note(f"\n{error.excerpt}")
        sys.exit(2)
    except ServiceAway as error:
        note(f"mailer: {error}")
        sys.exit(3)
    except MailerError as error:
        note(f"mailer: {error}")
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; Python would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
