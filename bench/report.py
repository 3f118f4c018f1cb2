"""The report of a benchmark: every figure as JSON, tables to read, and growth curves as plots."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bench.tables import figure_words

Row = Mapping[str, Any]
_FIGURES = "report.json"
# What is drawn: the part, the column along, the columns up, and what the plot shows.
_PLOTS = (
    (
        "plan",
        "readers",
        ("planner µs a reader", "server µs a reader"),
        "Planning: processor time of one reader",
    ),
    ("plan", "readers", ("peak MB",), "Planning: peak memory"),
    (
        "editions",
        "stories",
        ("plain ms a mail", "joined µs a mail"),
        "A mail made plainly (ms), and joined from an edition (µs)",
    ),
    ("whole_run", "workers", ("mails /s sending", "smtp-source /s"), "A whole run: mails a second"),
    ("whole_run", "workers", ("peak MB",), "A whole run: peak memory of the largest worker"),
    ("embedded", "readers", ("peak MB",), "Embedded: peak memory"),
)


def read_report(folder: Path) -> dict[str, Any]:
    """Return the parts of the report in a folder; none where there is no report."""
    file = folder / _FIGURES
    return json.loads(file.read_text())["parts"] if file.exists() else {}


def write_report(folder: Path, parts: Mapping[str, Any]) -> None:
    """Write report.json, report.md and the plots; what was there by these names is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps({"parts": parts}, indent=1, ensure_ascii=False)
    (folder / _FIGURES).write_text(f"{told}\n")
    drawn = _draw(folder, parts)
    folder.joinpath("report.md").write_text("\n".join(_words(parts, drawn)) + "\n")


def _words(parts: Mapping[str, Any], drawn: Mapping[str, Sequence[str]]) -> list[str]:
    lines = [
        "# Benchmark report",
        "",
        "No absolute time here is a claim: compare within a table.",
        "A figure that was measured more than once is a median with its least and most.",
    ]
    for name, part in parts.items():
        lines += ["", f"## {name}", "", f"`{part['command']}`", ""]
        lines += [f"- {each}" for each in _circumstances(part)]
        for title, rows in _tables(part["figures"]):
            lines += ["", *([f"### {title}", ""] if title else []), *_table(rows)]
        lines += [line for plot in drawn.get(name, ()) for line in ("", f"![{plot}]({plot})")]
    return lines


def _circumstances(part: Mapping[str, Any]) -> list[str]:
    made = part["made"]
    packages = ", ".join(f"{name} {number}" for name, number in made["packages"].items())
    return [
        f"{made['date']}, {part['seconds']:,.0f} s; load before it: {part['load before']}",
        f"{made['system']}, {made['processors']} processors, {made['memory GB']} GB",
        f"mailer {made['mailer']}, Python {made['python']}, {packages}",
    ]


def _tables(figures: Any) -> list[tuple[str, Sequence[Row]]]:
    """Return the tables of a part: one, one row, or several by their titles."""
    if isinstance(figures, list):
        return [("", figures)]
    named: list[tuple[str, Sequence[Row]]] = []
    for title, rows in figures.items():
        if isinstance(rows, list):
            named.append((title, rows))
        elif isinstance(rows, dict):
            named.append((title, [rows]))
    return named


def _table(rows: Sequence[Row]) -> list[str]:
    names = list(rows[0])
    return [
        f"| {' | '.join(names)} |",
        f"|{' ---: |' * len(names)}",
        *(f"| {' | '.join(figure_words(row[name]) for name in names)} |" for row in rows),
    ]


def _draw(folder: Path, parts: Mapping[str, Any]) -> dict[str, list[str]]:
    """Draw what can be drawn; the names of the files by their parts."""
    drawn: dict[str, list[str]] = {}
    for number, (name, along, up, title) in enumerate(_PLOTS):
        rows = parts.get(name, {}).get("figures", [])
        if len(rows) < 2:
            continue
        file = f"{name}-{number}.svg"
        _plot(rows, along, up, title).savefig(folder / file)
        drawn.setdefault(name, []).append(file)
    return drawn


def _plot(rows: Sequence[Row], along: str, up: Sequence[str], title: str) -> Figure:
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    for name in up:
        at = [row[along]["median"] for row in rows]
        median = [row[name]["median"] for row in rows]
        below = [row[name]["median"] - row[name]["least"] for row in rows]
        above = [row[name]["most"] - row[name]["median"] for row in rows]
        axes.errorbar(at, median, yerr=[below, above], marker="o", capsize=3, label=name)
    axes.set(xlabel=along, title=title, ylim=(0, None))
    if max(row[along]["median"] for row in rows) > 500:
        axes.set_xscale("log")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
