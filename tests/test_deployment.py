"""The container files: valid by their schemas, and naming commands and settings that exist."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailer.settings import Settings
from tests.deployment import CHECKOUT, compose_command, compose_services
from tests.servers.postgres import PostgresServer

OURS = ("migrate", "web", "worker", "beat")


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.compose-spec", "docker-compose.yml"),
        ("vendor.github-workflows", ".github/workflows/ci.yml"),
    ],
)
def test_a_file_is_valid_by_its_schema(schema: str, path: str) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [checker, "--builtin-schema", schema, CHECKOUT / path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("service", OURS)
def test_every_variable_of_a_service_is_a_setting(service: str) -> None:
    for variable in compose_services()[service]["environment"]:
        assert variable.removeprefix("MAILER_").lower() in Settings.model_fields, variable


def test_the_broker_never_forgets_on_its_own() -> None:
    command = " ".join(compose_services()["redis"]["command"])

    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command


def test_whoever_needs_a_service_waits_until_it_is_healthy() -> None:
    services = compose_services()
    for name in OURS:
        for needed, how in services[name]["depends_on"].items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[needed], f"{name} waits for {needed} for ever"
    assert services["worker"]["depends_on"]["migrate"] == {
        "condition": "service_completed_successfully"
    }


def test_the_restore_guard_has_a_volume_of_its_own_that_the_mailer_may_write() -> None:
    dockerfile = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
    services = compose_services()
    for name in OURS:
        volume, _, folder = services[name]["volumes"][0].partition(":")
        path = services[name]["environment"]["MAILER_EPOCH_FILE"]
        assert Path(path).parent == Path(folder), name
        assert f"--owner=mailer --group=mailer {folder}\n" in dockerfile
        assert not any(one.startswith(volume) for one in services["postgres"]["volumes"])


def test_the_migration_and_the_health_check_run_as_they_are_named(postgres: PostgresServer) -> None:
    url = postgres.create()
    environment = os.environ | {
        "MAILER_DATABASE_URL": url,
        "MAILER_BROKER_URL": "redis://127.0.0.1:1/0",
    }

    def run(*words: str) -> int:
        return subprocess.run(
            [sys.executable, "-m", "mailer", *words],
            env=environment,
            capture_output=True,
            timeout=60,
            check=False,
        ).returncode

    checks = {tuple(compose_services()[name]["healthcheck"]["test"]) for name in ("worker", "beat")}
    [(kind, program, *words)] = checks
    assert (kind, program) == ("CMD", "mailer")
    assert run(*words) == 2, "an empty database is not healthy"
    assert run(*compose_command("migrate")) == 0
    assert run(*compose_command("migrate")) == 0
    assert run(*words) == 0
    postgres.drop(url)


def test_the_image_installs_what_is_locked_and_runs_as_nobody_in_particular() -> None:
    lines = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8").splitlines()

    assert any("-r requirements/runtime.txt" in line for line in lines)
    assert "USER mailer" in lines
    assert lines.index("USER mailer") < lines.index('ENTRYPOINT ["mailer"]')
