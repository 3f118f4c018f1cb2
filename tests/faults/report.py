"""The report of `make soak`: what was measured, on which machine, by which command, with plots."""

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psutil

from tests.deployment import CHECKOUT

FOLDER = CHECKOUT / "docs" / "soak"
# How long the long forms are: `make soak` sets these.
MINUTES = float(os.environ.get("MAILER_TEST_SOAK_MINUTES", "30"))
MAILS = int(os.environ.get("MAILER_TEST_SOAK_MAILS", "1000000"))
KILLS = int(os.environ.get("MAILER_TEST_SOAK_KILLS", "1000"))

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 720, 220, 64, 28, 34


@dataclass(frozen=True)
class Series:
    """Points to plot: (seconds, value)."""

    title: str
    points: Sequence[tuple[float, float]]


@dataclass
class Measured:
    """The figures of one test, and how long it took."""

    figures: dict[str, Any] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)


class SoakReport:
    """Adds to what earlier runs have left: each row says when and how it was measured."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Any]] = {}
        self._plots: dict[str, str] = {}

    def add(self, module: str, case: str, measured: Measured) -> None:
        """Keep the figures of a test, unless it failed before it had any."""
        if not measured.figures:
            return
        row = module.removeprefix("test_")
        name = f"{row}: {case.removeprefix('soak-')}"
        self._rows[name] = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - measured.started, 1),
            "command": _command(),
            "machine": _machine(),
            "figures": measured.figures,
        }
        for label, series in measured.series.items():
            self._plots[f"{_stem(name)}-{label}.svg"] = plot(series)

    def write(self) -> None:
        """Write JSON, page and plots, when there is anything to tell."""
        if not self._rows:
            return
        FOLDER.mkdir(exist_ok=True)
        file = FOLDER / "report.json"
        rows = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        rows = dict(sorted((rows | self._rows).items()))
        file.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for name, svg in self._plots.items():
            (FOLDER / name).write_text(svg, encoding="utf-8")
        plots = sorted(path.name for path in FOLDER.glob("*.svg"))
        (FOLDER / "index.md").write_text(page(rows, plots), encoding="utf-8")


def page(rows: dict[str, dict[str, Any]], plots: Sequence[str]) -> str:
    """The report for people."""
    lines = [
        "# What `make soak` measured",
        "",
        "Written by the tests themselves (tests/faults/report.py); each part says when, where and",
        "how it was measured. The promises behind it: [reliability.md](../reliability.md).",
    ]
    for name, row in rows.items():
        lines += ["", f"## {name}", "", "| what | measured |", "|---|---|"]
        lines += [f"| {what} | {_shown(value)} |" for what, value in row["figures"].items()]
        stem = _stem(name)
        lines += [
            line
            for file in plots
            if file.startswith(f"{stem}-")
            for line in ("", f"![{file.removesuffix('.svg')}]({file})")
        ]
        lines += [
            "",
            f"{row['measured_at']}, {row['seconds']:,} s, on {row['machine']}.",
            "",
            f"    {row['command']}",
        ]
    return "\n".join(lines) + "\n"


def plot(series: Series) -> str:
    """Draw a line, with its least and greatest values and seconds, as SVG."""
    points = series.points
    last = max((x for x, _ in points), default=1.0) or 1.0
    top = max((y for _, y in points), default=1.0) or 1.0
    across, up = _WIDTH - _LEFT - 16, _HEIGHT - _TOP - _BOTTOM
    path = " ".join(
        f"{_LEFT + x / last * across:.1f},{_TOP + up - y / top * up:.1f}" for x, y in points
    )
    floor = _TOP + up
    label = 'font-family="sans-serif" font-size="12" fill="#333"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{series.title}">\n'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>\n'
        f'<text x="{_LEFT}" y="18" {label}>{series.title}</text>\n'
        f'<path d="M{_LEFT} {_TOP}V{floor}H{_LEFT + across}" fill="none" stroke="#999"/>\n'
        f'<text x="{_LEFT - 6}" y="{_TOP + 4}" text-anchor="end" {label}>{top:,.1f}</text>\n'
        f'<text x="{_LEFT - 6}" y="{floor}" text-anchor="end" {label}>0</text>\n'
        f'<text x="{_LEFT + across}" y="{floor + 18}" text-anchor="end" {label}>{last:,.0f} s'
        "</text>\n"
        f'<polyline points="{path}" fill="none" stroke="#06c" stroke-width="1.5"/>\n</svg>\n'
    )


def _stem(name: str) -> str:
    return name.replace(": ", "-").replace(" ", "-")


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _command() -> str:
    return (
        f"make soak SOAK_MINUTES={MINUTES:g} SOAK_MAILS={MAILS} SOAK_KILLS={KILLS} "
        f"SOAK='{os.environ.get('MAILER_TEST_SOAK_WORDS', '')}'"
    )


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} cores of {platform.machine()}, {memory:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}, "
        f"load average {os.getloadavg()[1]:.1f}"
    )
