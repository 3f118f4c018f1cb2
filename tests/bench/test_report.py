"""The report of the measurements, and that each part can be called as it says."""

import importlib
import json
import sys
from pathlib import Path

import pytest

from bench.report import read_report, write_report
from bench.tables import spread

_PARTS = ("editions", "embedded", "ingest", "pages", "plan", "smtp", "whole_run")


def test_the_report_tells_every_figure_and_draws_growth(tmp_path: Path) -> None:
    rows = [
        {name: spread(values) for name, values in row.items()}
        for row in (
            {
                "readers": [1000],
                "planner µs a reader": [500, 480, 520],
                "server µs a reader": [300],
                "peak MB": [150],
            },
            {
                "readers": [10_000],
                "planner µs a reader": [490],
                "server µs a reader": [310],
                "peak MB": [151],
            },
        )
    ]
    made = {
        "date": "2026-11-24",
        "mailer": "1",
        "python": "3",
        "system": "Linux",
        "processors": 2,
        "memory GB": 8,
        "packages": {"celery": "5"},
    }
    parts = {
        "plan": {
            "made": made,
            "command": "python -m bench.plan",
            "seconds": 12.3,
            "load before": 0.1,
            "figures": rows,
        },
        "pages": {
            "made": made | {"date": "2026-11-25"},
            "command": "python -m bench.pages",
            "seconds": 2,
            "load before": 0,
            "figures": {
                "readers": 1000,
                "The desk": [{"what": "/operate", "median ms": spread([7])}],
            },
        },
    }
    assert read_report(tmp_path) == {}
    write_report(tmp_path, parts)
    assert read_report(tmp_path) == json.loads(json.dumps(parts))
    words = (tmp_path / "report.md").read_text()
    assert words.index("2026-11-24, 12 s") < words.index("2026-11-25, 2 s")
    assert "| 1,000 | 500 (480–520) | 300 | 150 |" in words
    assert "### The desk\n\n| what | median ms |\n| ---: | ---: |\n| /operate | 7 |" in words
    plots = sorted(path.name for path in tmp_path.glob("*.svg"))
    assert plots == ["plan-0.svg", "plan-1.svg"]
    assert all(f"![{plot}]({plot})" in words for plot in plots)


@pytest.mark.parametrize("part", _PARTS)
def test_each_part_says_how_it_is_called(
    part: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [f"bench.{part}", "--help"])
    with pytest.raises(SystemExit) as done:
        importlib.import_module(f"bench.{part}").main()
    assert done.value.code == 0
    assert "--json" in capsys.readouterr().out
