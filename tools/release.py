"""Try a release as those who install it would: `make release`.

Builds the sdist and the wheel, holds the wheel that the sdist gives to the one of the checkout, and
installs the wheel into a fresh environment of each Python found: once as pip would today, once
with the lowest versions that pyproject.toml allows. In each, `mailer demo` runs in an empty folder.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parent.parent
PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
# As pip and uv name them: what is newest today, and what pyproject.toml says is enough.
RESOLUTIONS: Final = ("highest", "lowest-direct")
_SLOWEST_SECONDS: Final = 900
_ASKED: Final = (
    "import json, sys, pathlib, email, email.policy\n"
    "mails = [email.message_from_bytes(p.read_bytes(), policy=email.policy.default)\n"
    "         for p in pathlib.Path('out').rglob('*.eml')]\n"
    "assert mails and all(m['List-Unsubscribe'] for m in mails), 'no mails'\n"
    "print(len(mails))"
)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one Python with one set of versions; `fault` is empty when all went well."""

    python: str
    resolution: str
    package_count: int = 0
    install_seconds: float = 0.0
    demo_seconds: float = 0.0
    mail_count: int = 0
    fault: str = ""


class StepError(Exception):
    """A step that failed, with the last of what it printed."""


def build(into: Path) -> tuple[Path, Path]:
    """Build the sdist, and the wheel out of that sdist; return both."""
    _run([sys.executable, "-m", "build", "--no-isolation", "--outdir", into], CHECKOUT)
    [sdist], [wheel] = into.glob("*.tar.gz"), into.glob("*.whl")
    return sdist, wheel


def build_wheel(into: Path) -> Path:
    """Build the wheel out of the checkout, as `pip install .` does; return it."""
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", into], CHECKOUT)
    [wheel] = into.glob("*.whl")
    return wheel


def contents(wheel: Path) -> dict[str, int]:
    """Return the checksums of a wheel's files by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {each.filename: each.CRC for each in archive.infolist()}


def find_pythons() -> dict[str, Path]:
    """Return the Pythons of this machine by version: those on PATH, then those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for version in PYTHONS:
        on_path = shutil.which(f"python{version}")
        candidates = [Path(on_path)] if on_path else []
        candidates += sorted(pyenv.glob(f"{version}.*/bin/python3"), reverse=True)
        # A shim of pyenv is on PATH also for a version that is not switched on.
        working = (each for each in candidates if _version(each) == version)
        if python := next(working, None):
            found[version] = python
    return found


def try_wheel(wheel: Path, python: Path, version: str, resolution: str) -> Tried:
    """Install a wheel into a fresh environment and run the demo there."""
    with tempfile.TemporaryDirectory(prefix="mailer-release-") as name:
        folder = Path(name)
        inside = folder / "venv" / "bin" / "python"
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        began = time.perf_counter()
        try:
            _run([python, "-m", "venv", folder / "venv"], folder)
            if resolution == RESOLUTIONS[0]:
                _run([inside, "-m", "pip", "install", "--quiet", wheel], folder)
            else:
                words = ["pip", "install", "--quiet", "--resolution", resolution]
                _run([sys.executable, "-m", "uv", *words, "--python", inside, wheel], folder)
            installed = time.perf_counter()
            _run([inside.with_name("mailer"), "demo", "--dir", "out"], elsewhere)
            ended = time.perf_counter()
            mails = _run([inside, "-c", _ASKED], elsewhere)
            _run([inside.with_name("mailer"), "--help"], elsewhere)
            packages = len(list((folder / "venv").glob("lib/*/site-packages/*.dist-info")))
        except StepError as failure:
            return Tried(version, resolution, fault=str(failure))
    return Tried(version, resolution, packages, installed - began, ended - installed, int(mails))


def table(tried: list[Tried]) -> Iterator[str]:
    """Yield what was tried as lines of Markdown."""
    yield "| Python | versions of libraries | packages | installed in | demo | mails | |"
    yield "|---|---|---|---|---|---|---|"
    for each in tried:
        yield (
            f"| {each.python} | {each.resolution} | {each.package_count} | "
            f"{each.install_seconds:.0f} s | {each.demo_seconds:.1f} s | {each.mail_count} | "
            f"{'failed' if each.fault else 'ok'} |"
        )


def main() -> int:
    """Build, compare, try, print; 1 when anything failed."""
    dist = CHECKOUT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    sdist, wheel = build(dist)
    with tempfile.TemporaryDirectory(prefix="mailer-release-") as other:
        ours, theirs = contents(build_wheel(Path(other))), contents(wheel)
    if ours != theirs:
        different = sorted(
            name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)
        )
        print(f"the sdist gives another wheel than the checkout: {', '.join(different)}")
        return 1
    print(f"{sdist.name} and {wheel.name}: {len(ours)} files, the same from sdist and checkout")
    pythons = find_pythons()
    for version in PYTHONS:
        if version not in pythons:
            print(f"Python {version} is not here: put python{version} on PATH, or pyenv install it")
    tried = []
    for version, python in pythons.items():
        for resolution in RESOLUTIONS:
            print(f"trying Python {version}, {resolution} …", flush=True)
            tried.append(try_wheel(wheel, python, version, resolution))
            if tried[-1].fault:
                print(tried[-1].fault)
    print(*table(tried), sep="\n")
    return int(any(each.fault for each in tried))


def _version(python: Path) -> str:
    done = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def _run(words: Sequence[str | Path], folder: Path) -> str:
    """Run a command without the settings and the packages of this environment."""
    ours = ("MAILER_", "PYTHONPATH", "VIRTUAL_ENV", "PIP_REQUIRE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [*map(str, words)],
        cwd=folder,
        env=kept,
        capture_output=True,
        text=True,
        timeout=_SLOWEST_SECONDS,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-2000:]
        raise StepError(f"'{' '.join(map(str, words))}' ended with {done.returncode}:\n{said}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
