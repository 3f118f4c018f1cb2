"""What commands print: JSON documents, tables and notes. Foreign text never steers a terminal."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailer.core.hygiene import safe_terminal


def print_json(document: dict[str, Any] | list[Any]) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """Print a line or more on stdout."""
    Console(highlight=False, soft_wrap=True).print(Text(safe_terminal(text)))


def note(text: str) -> None:
    """Print a line on stderr: progress, or what went wrong."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(safe_terminal(text)))


def terminal_width() -> int:
    """Return how many columns there are."""
    return Console().width


def headline(text: str) -> None:
    """Print a heading between two rules, so that long output has landmarks."""
    console = Console(highlight=False)
    console.print()
    console.rule(Text(safe_terminal(text), style="bold"), align="left", characters="─")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Print a table, or a sentence when there are no rows."""
    if not rows:
        say(empty)
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        # A pipe has no width; nothing may be cut or wrapped for it.
        console = Console(highlight=False, width=240)
    table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    for column in columns:
        right = column.endswith("#")
        table.add_column(
            column.removesuffix("#"), justify="right" if right else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(safe_terminal(str(cell))) for cell in row))
    console.print(table)
