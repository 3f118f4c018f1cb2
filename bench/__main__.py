"""All measurements in one go, with a report: `make bench`, and `make bench-full` for all sizes.

    python -m bench --full --into docs/bench

Each part is a program of its own that starts the servers it needs and compares within its own run;
what it prints is shown as it comes. With `--into` a report is written: report.json with every
figure, report.md with the tables and how they were made, and plots beside it. With `--only` it
keeps what the report there says of other parts: each part says when it was measured.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from bench.report import read_report, write_report
from mailer import __version__

_NAMED = ("celery", "redis", "sqlalchemy", "psycopg", "jinja2", "premailer")


@dataclass(frozen=True, slots=True)
class Part:
    """One program: its name, and its words for the two-minute run and for the full one."""

    name: str
    quick: str
    full: str


_PARTS = (
    Part(
        "editions",
        "--stories 20 --readers 128 --repeats 2",
        "--stories 5,20,50,100 --readers 256 --repeats 3",
    ),
    Part("smtp", "--messages 1000 --repeats 2", "--messages 3000 --repeats 5"),
    Part(
        "plan",
        "--readers 1000,4000 --database postgresql --repeats 1",
        "--readers 10000,100000,1000000 --database postgresql --repeats 1",
    ),
    Part(
        "whole_run",
        "--readers 1500 --workers 2 --repeats 1",
        "--readers 10000 --workers 1,2,4,8 --window 64 --repeats 2",
    ),
    Part("embedded", "--readers 1000", "--readers 10000,100000"),
    Part("ingest", "--stories 500 --repeats 1", "--stories 5000 --repeats 3"),
    Part(
        "pages",
        "--readers 2000 --seconds 3",
        "--readers 1000000 --runs 6 --items 4 --rate 200 --seconds 15",
    ),
)


def main() -> None:
    """Run the parts one after another; exit code 1 when one of them failed."""
    wanted = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    wanted.add_argument("--full", action="store_true", help="all sizes: an hour and more")
    wanted.add_argument("--only", default="", help="names of parts, with commas")
    wanted.add_argument("--into", type=Path, help="the folder for report and plots")
    given = wanted.parse_args()
    only = [name for name in given.only.split(",") if name]
    if unknown := set(only) - {part.name for part in _PARTS}:
        wanted.error(f"no part {', '.join(sorted(unknown))}: {', '.join(p.name for p in _PARTS)}")
    measured: dict[str, Any] = {}
    failed = []
    for part in _PARTS:
        if only and part.name not in only:
            continue
        words = part.full if given.full else part.quick
        figures = _run(part.name, words.split())
        if figures is None:
            failed.append(part.name)
        else:
            measured[part.name] = figures
    if given.into:
        earlier = read_report(given.into) if only else {}
        write_report(
            given.into,
            {
                part.name: (earlier | measured)[part.name]
                for part in _PARTS
                if part.name in earlier or part.name in measured
            },
        )
        print(f"report: {given.into / 'report.md'}")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def _run(name: str, words: list[str]) -> dict[str, Any] | None:
    """Run one part; its command, seconds and figures, or None when it failed."""
    command = ["python", "-m", f"bench.{name}", *words]
    print(f"\n$ {' '.join(command)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mailer-bench-") as folder:
        told = Path(folder, "figures.json")
        began = time.monotonic()
        load = os.getloadavg()[0]
        done = subprocess.run(
            [sys.executable, *command[1:], "--json", str(told)],
            env={key: value for key, value in os.environ.items() if "MAILER_" not in key},
            check=False,
        )
        if done.returncode:
            return None
        return {
            "made": _circumstances(),
            "command": " ".join(command),
            "seconds": round(time.monotonic() - began, 1),
            "load before": round(load, 2),
            "figures": json.loads(told.read_text()),
        }


def _circumstances() -> dict[str, Any]:
    """Say where and when: figures mean nothing without."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "mailer": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "memory GB": round(psutil.virtual_memory().total / 2**30),
        "packages": {name: version(name) for name in _NAMED},
    }


if __name__ == "__main__":
    main()
