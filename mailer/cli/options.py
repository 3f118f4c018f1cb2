"""Options that many commands share, and how their texts are read."""

from typing import Annotated

import typer

from mailer.core.hygiene import clean_header
from mailer.core.readers import OF_FOLLOWS, Cadence
from mailer.errors import InputError

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
]
AsOfOption = Annotated[
    str,
    typer.Option(
        "--as-of",
        metavar="TIME",
        help="Run as of this moment, ISO 8601 such as 2026-10-22T07:00+09:00; without a zone UTC.",
    ),
]
CadenceArgument = Annotated[
    str, typer.Argument(metavar="CADENCE", help="instant, daily, weekly or monthly.")
]
NewsletterArgument = Annotated[
    str, typer.Argument(metavar="NEWSLETTER", help="The newsletter's slug.")
]


def read_cadence(text: str) -> Cadence:
    """Return the cadence a person wrote; raises InputError that lists them."""
    wanted = text.strip().casefold()
    if wanted not in OF_FOLLOWS:
        known = ", ".join(OF_FOLLOWS)
        raise InputError(f"unknown cadence '{clean_header(text, 40)}': use {known}")
    return Cadence(wanted)
