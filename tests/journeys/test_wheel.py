"""An installed mailer needs no checkout: the wheel holds all that `mailer demo` reads."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tools.release import build, build_wheel, contents

_WHERE = "import mailer, workers; print(mailer.__file__, workers.__file__, sep='\\n')"


def run(folder: Path, *words: str | Path, **more: str) -> str:
    """Run Python in a folder, with the libraries of this environment; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-P", *words],
        cwd=folder,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_runs_from_the_wheel_alone_in_an_empty_folder(tmp_path: Path) -> None:
    _, wheel = build(tmp_path / "dist")
    # Whoever builds from the sdist gets what whoever builds from a checkout gets.
    assert contents(wheel) == contents(build_wheel(tmp_path / "ours"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # Before the checkout, which an editable installation names last.
    installed = {"PYTHONPATH": str(tmp_path / "installed")}

    for place in run(elsewhere, "-c", _WHERE, **installed).split():
        assert Path(place).is_relative_to(tmp_path / "installed"), "it is not the wheel's"
    printed = run(elsewhere, "-m", "mailer", "demo", "--dir", elsewhere / "out", **installed)

    assert "accepted" in printed
    assert list((elsewhere / "out").rglob("*.eml"))
    assert list((elsewhere / "out").rglob("*.html"))
    # Nothing of the checkout is read: its templates and seeds travel inside.
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"mailer", "workers"}
