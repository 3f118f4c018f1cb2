"""What contributors are given: hooks that run, a machine that starts, a list of what is inside."""

import json
import re
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

from tests.deployment import CHECKOUT

GUIDE = CHECKOUT / ".github" / "CONTRIBUTING.md"


def make_targets() -> set[str]:
    text = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))


def test_every_hook_before_a_commit_is_a_program_of_ours() -> None:
    read = YAML(typ="safe").load(CHECKOUT / ".pre-commit-config.yaml")
    hooks = [hook for repo in read["repos"] for hook in repo["hooks"]]
    assert len(hooks) >= 4
    assert {repo["repo"] for repo in read["repos"]} == {"local"}, "a commit needs no network"
    for hook in hooks:
        program = hook["entry"].split()[0].removeprefix(".venv/bin/")
        assert Path(sys.executable).with_name(program).exists(), hook["id"]


def test_the_machine_for_contributors_runs_targets_there_are() -> None:
    read = json.loads((CHECKOUT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert read["postCreateCommand"].removeprefix("make ") in make_targets()


def test_the_guide_names_files_and_targets_there_are() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    files = re.findall(r"`((?:mailer|tests|templates|docs|tools)/[\w/.-]+)`", text)
    assert len(files) > 10
    for name in files:
        assert (CHECKOUT / name).exists() or "NAME" in name, name
    for link in re.findall(r"\]\(([^)#]+)", text):
        assert (GUIDE.parent / link).exists(), link
    for target in re.findall(r"make ([a-z-]+)", text):
        assert target in make_targets(), target


def test_the_bill_of_materials_has_every_locked_package(tmp_path: Path) -> None:
    locked = CHECKOUT / "requirements" / "runtime.txt"
    bill = tmp_path / "sbom.json"
    subprocess.run(
        [
            *(
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "cyclonedx_py",
                "requirements",
                "--no-validate",
            ),
            *("--pyproject", CHECKOUT / "pyproject.toml", "--output-file", bill, locked),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    read = json.loads(bill.read_text("utf-8"))
    assert read["bomFormat"] == "CycloneDX"
    listed = {(part["name"], part["version"]) for part in read["components"]}
    pin = r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)"
    pinned = set(re.findall(pin, locked.read_text("utf-8"), re.MULTILINE))
    assert len(pinned) > 40
    assert pinned <= listed
