"""Runs the properties of tests/fuzz under atheris, guided by coverage: `make fuzz`.

atheris is no dependency: it has no wheel for every system. Without it nothing runs, and that is
said. SECONDS says how long each property runs; what was found interesting is kept for the next run
in a folder of the cache.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

_SECONDS = 60


def main() -> int:
    """Run every property in a process of its own; return 1 when one of them found a fault."""
    if importlib.util.find_spec("atheris") is None:
        print("make fuzz: atheris is not installed and has no wheel for this Python: nothing ran.")
        print("The same properties run without it: make soak SOAK='tests/fuzz'")
        return 0
    from tests.fuzz.properties import PROPERTIES  # noqa: PLC0415 - slow, and only then of use

    failed = []
    for name in PROPERTIES:
        print(f"{name}:", flush=True)
        done = subprocess.run([sys.executable, "-m", "tools.fuzzing", name], check=False)
        if done.returncode:
            failed.append(name)
    print(f"fuzzed {len(PROPERTIES)} properties; faults in: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def fuzz(name: str) -> None:
    """Run one property until its time is over or it fails."""
    import atheris  # noqa: PLC0415 - optional

    with atheris.instrument_imports(include=["mailer"]):
        from tests.fuzz.properties import PROPERTIES, check_in_time  # noqa: PLC0415 - instrumented

    from hypothesis import given, settings  # noqa: PLC0415 - after what it must not instrument

    @settings(database=None, deadline=None)
    @given(PROPERTIES[name].given)
    def check(drawn: object) -> None:
        check_in_time(name, drawn)

    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    kept = Path(home) / "newsroom-mailer" / "fuzz" / name
    kept.mkdir(parents=True, exist_ok=True)
    seconds = os.environ.get("SECONDS", str(_SECONDS))
    arguments = [
        *(f"-max_total_time={seconds}", "-rss_limit_mb=1024", "-timeout=10", "-verbosity=0"),
        *("-print_final_stats=1", f"-artifact_prefix={kept}/fault-", str(kept)),
    ]
    atheris.Setup([sys.argv[0], *arguments], cast("Any", check).hypothesis.fuzz_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:]:
        fuzz(sys.argv[1])
    else:
        sys.exit(main())
