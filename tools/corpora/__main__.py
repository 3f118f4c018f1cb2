"""Tries every document on every parser, compares what is expected, and prints two tables.

Exit code 1 when a parser raised anything but our own errors, took over five seconds of processor
time or more than a gigabyte, or read something otherwise than expected without a decision.
"""

import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Never

from mailer.errors import MailerError
from tools.corpora.decisions import decision
from tools.corpora.expectations import EXPECTATIONS, Comparison
from tools.corpora.parsers import PARSERS
from tools.corpora.sources import cache_folder, documents, fetch

MOST_SECONDS = 5
_MOST_BYTES = 2 * 1024**3
_MOST_RESIDENT = 1024  # MiB


@dataclass(frozen=True, slots=True)
class Trial:
    """One document on one parser: read, refused, or a fault with its words."""

    corpus: str
    path: str
    parser: str
    outcome: str
    seconds: float
    resident: int
    fault: str = ""


def try_document(corpus: str, path: Path) -> list[Trial]:
    """Give one document to every parser: whole, cut off, and damaged on its way."""
    content = path.read_bytes()
    damaged = bytearray(content)
    # Each 97th byte: tags, dates, lengths and characters of several bytes are hit alike.
    damaged[::97] = bytes((byte * 7 + 13) % 256 for byte in damaged[::97])
    broken = (content, content[: len(content) // 2], bytes(damaged))
    return [_try(corpus, path, name, each) for name in PARSERS for each in broken]


def main() -> int:
    """Fetch, try, compare; return the exit code."""
    folders = fetch(cache_folder())
    work = [(_name(folder), path) for folder in folders for path in documents(folder)]
    with ProcessPoolExecutor(os.cpu_count(), initializer=_limit) as pool:
        tried = pool.map(try_document, *zip(*work, strict=True), chunksize=8)
        trials = [trial for each in tried for trial in each]
        asked = [
            pool.submit(_compared, name, folder)
            for folder in folders
            for name in EXPECTATIONS
            if folder.name.startswith(f"{name}-")
        ]
        comparisons = [each for future in asked for each in future.result()]
    faults = _print_trials(trials)
    differences = _print_comparisons(comparisons)
    return 1 if faults or differences else 0


def _try(corpus: str, path: Path, parser: str, content: bytes) -> Trial:
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    fault, outcome = "", "read"
    try:
        if not PARSERS[parser](content):
            outcome = "refused"
    except MailerError:
        outcome = "refused"
    except Exception as error:  # noqa: BLE001 - to find these is what this is for
        fault, outcome = f"{type(error).__name__}: {error}"[:200], "fault"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = time.process_time() - began
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Trial(corpus, str(path), parser, outcome, seconds, resident, fault)


def _compared(name: str, folder: Path) -> list[Comparison]:
    return list(EXPECTATIONS[name](folder))


def _limit() -> None:
    def too_slow(_number: int, _frame: FrameType | None) -> Never:
        raise TimeoutError(f"over {MOST_SECONDS} s of processor time")

    signal.signal(signal.SIGPROF, too_slow)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))


def _name(folder: Path) -> str:
    return folder.name.rpartition("-")[0].replace("_", "-")


def _print_trials(trials: Iterable[Trial]) -> int:
    """Print a line for each corpus and each fault; return how many faults there were."""
    trials = list(trials)
    print("| corpus | documents | readings | of which refused or empty | faults | slowest |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for corpus in [*dict.fromkeys(trial.corpus for trial in trials), "all"]:
        of = [trial for trial in trials if corpus in (trial.corpus, "all")]
        counts = Counter(trial.outcome for trial in of)
        slowest = max(trial.seconds for trial in of)
        print(
            f"| {corpus} | {len({trial.path for trial in of}):,} | {len(of):,} "
            f"| {counts['refused']:,} | {counts['fault']:,} | {slowest:.2f} s |"
        )
    resident = max(trial.resident for trial in trials)
    print(f"\nMost memory of a process: {resident:,} MiB.\n")
    for trial in trials:
        if trial.outcome == "fault":
            print(f"FAULT {trial.parser} {trial.path}: {trial.fault}")
    return sum(trial.outcome == "fault" for trial in trials) + (resident > _MOST_RESIDENT)


def _print_comparisons(comparisons: Iterable[Comparison]) -> int:
    """Print a line for each corpus and each open difference; return how many are open."""
    comparisons = list(comparisons)
    print("| expected by | compared | agree | differ by decision | differ |")
    print("| --- | ---: | ---: | ---: | ---: |")
    still_open = []
    for corpus in dict.fromkeys(each.corpus for each in comparisons):
        of = [each for each in comparisons if each.corpus == corpus]
        differ = [each for each in of if not each.agrees]
        undecided = [each for each in differ if not decision(corpus, each.what)]
        still_open += undecided
        print(
            f"| {corpus} | {len(of):,} | {len(of) - len(differ):,} "
            f"| {len(differ) - len(undecided):,} | {len(undecided):,} |"
        )
    print()
    for each in still_open:
        print(f"DIFFERS {each.corpus} {each.what}: {each.theirs[:120]!r}, we {each.ours[:120]!r}")
    return len(still_open)


if __name__ == "__main__":
    sys.exit(main())
