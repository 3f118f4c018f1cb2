"""Figures as people and programs read them: median with spread, in a table or as JSON."""

import statistics
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

Spread = dict[str, float]


def spread(values: Sequence[float]) -> Spread:
    """Return median, least and most of repeated measurements."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def print_table(title: str, rows: Sequence[Mapping[str, Spread | str]]) -> None:
    """Print rows that all have the same names; a figure that did not vary stands alone."""
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(figure_words(value) for value in row.values()))
    # Wide enough for every column, wherever the output goes.
    Console(width=160).print(table)


def figure_words(value: Spread | str) -> str:
    """Return a figure as people read it: its median, with least and most when it varied."""
    if isinstance(value, str):
        return value
    median, least, most = (_figure(value[name]) for name in ("median", "least", "most"))
    return median if least == most else f"{median} ({least}–{most})"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
