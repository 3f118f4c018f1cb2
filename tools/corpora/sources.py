"""Where the documents come from: source distributions, fetched once, unpacked beside each other."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

PINNED = Path(__file__).parent.parent.parent / "requirements" / "corpora.txt"

# Code, lists of words and what packaging writes are no documents.
_NOT_DATA = frozenset({".py", ".pyc", ".pyi", ".c", ".so", ".toml", ".cfg", ".ini", ".lock"})
_PLACES = frozenset({"test", "tests", "data", "tests_data", "test_data", "testdata", "benchmarks"})
_LARGEST = 5 * 1024 * 1024


def cache_folder() -> Path:
    """Return where the distributions are kept between runs."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "newsroom-mailer" / "corpora"


def fetch(cache: Path) -> list[Path]:
    """Fetch what is pinned and not there yet; return the folder of each, by name.

    Raises CalledProcessError when the registry cannot be reached or a hash differs.
    """
    cache.mkdir(parents=True, exist_ok=True)
    stamp = cache / "fetched.txt"
    pinned = PINNED.read_text()
    if not stamp.is_file() or stamp.read_text() != pinned:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
        kind = ["--no-deps", "--no-binary", ":all:", "--require-hashes"]
        subprocess.run(
            [*pip, *kind, "--dest", str(cache), "--requirement", str(PINNED)], check=True
        )
        for archive in cache.glob("*.tar.gz"):
            with tarfile.open(archive) as tar:
                tar.extractall(cache, filter="data")
        stamp.write_text(pinned)
    return sorted(folder for folder in cache.iterdir() if folder.is_dir())


def documents(folder: Path) -> Iterator[Path]:
    """Yield the files of a distribution that are test data, in order."""
    for path in sorted(folder.rglob("*")):
        parts = {part.lower() for part in path.relative_to(folder).parts[:-1]}
        if (
            parts & _PLACES
            and path.suffix.lower() not in _NOT_DATA
            and path.is_file()
            and path.stat().st_size <= _LARGEST
        ):
            yield path
