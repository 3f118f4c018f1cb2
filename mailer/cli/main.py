"""The entry: all commands, and how errors become words and exit codes.

0 done, 1 done with failures it names, 2 wrong usage or input, 3 a service it needs is away.
"""

import os
import sys
from typing import Annotated, Any

import typer
import typer.main

import mailer
from mailer.cli.commands import Commands
from mailer.cli.output import note
from mailer.core.expressions import point_at
from mailer.errors import ExpressionError, MailerError, ServiceAway, TemplateError

app = typer.Typer(
    name="mailer",
    cls=Commands,
    help="Newsletters and alerts of tagged stories, composed for each reader.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    # Help and completion do without: only a command that runs has something to log.
    from mailer.cli.logs import lay_out_logs
    from mailer.settings import LogFormat, LogLevel

    # Until a command that serves reads the settings: warnings, for people.
    lay_out_logs(LogFormat.CONSOLE, LogLevel.WARNING)


def every_command() -> Any:
    """Return the whole tree, loaded, for who writes or tests what it says."""
    root: Any = typer.main.get_command(app)
    root.load_all()
    return root


def run() -> None:
    """Run the command line and exit with its code."""
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
