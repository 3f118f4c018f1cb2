"""The pages as docker-compose.yml starts them: its command, its variables, its health check."""

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment import compose_command, compose_services
from tests.journeys.processes import Processes, wait_until
from tests.servers.postgres import NoPostgres, PostgresServer
from tests.servers.smtp_sink import free_port


@pytest.fixture
def crashing_postgres() -> Iterator[PostgresServer]:
    try:
        server = PostgresServer.start(returning=True)
    except NoPostgres as reason:
        pytest.skip(str(reason))
    yield server
    server.stop()


def here(service: str, postgres_url: str, redis_url: str, folder: Path) -> dict[str, str]:
    """The variables of a service, with the places of this machine for those of its network."""
    places = {
        "MAILER_DATABASE_URL": postgres_url,
        "MAILER_BROKER_URL": redis_url,
        "MAILER_EPOCH_FILE": str(folder / "epoch"),
        "MAILER_SMTP_URL": "smtp://127.0.0.1:1",
        "MAILER_PUBLIC_URL": "http://localhost:8000",
    }
    named: dict[str, str] = compose_services()[service]["environment"]
    assert places.keys() <= named.keys()
    return {
        name: places.get(name, value.partition(":-")[2] if "${" in value else value).removesuffix(
            "}"
        )
        for name, value in named.items()
    }


def test_the_pages_are_ready_while_the_database_is(
    crashing_postgres: PostgresServer, redis_url: str, tmp_path: Path
) -> None:
    url = crashing_postgres.create()
    port = str(free_port())
    processes = Processes(here("web", url, redis_url, tmp_path), tmp_path)
    kind, program, *words = compose_services()["web"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")

    def is_healthy() -> bool:
        check = [sys.executable, *(word.replace(":8000/", f":{port}/") for word in words)]
        return subprocess.run(check, capture_output=True, timeout=60, check=False).returncode == 0

    def answer(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    try:
        processes.run(*compose_command("migrate"))
        command = [word.replace("8000", port) for word in compose_command("web")]
        web = processes.start(*command)
        wait_until(is_healthy, seconds=60, what="the pages")
        assert answer("/readyz") == (200, "ready\n")
        status, page = answer("/")
        assert (status, "<html" in page) == (200, True)

        crashing_postgres.crash(stay_down=True)
        assert not is_healthy()
        assert answer("/readyz") == (503, "not ready\n")
        assert answer("/healthz") == (200, "ok\n")
        crashing_postgres.come_back()
        wait_until(is_healthy, seconds=60, what="the pages again")
        assert answer("/")[0] == 200
        # uvicorn ends its visits, then dies of the signal it was sent, as supervisors expect.
        assert processes.stop_softly(web) == -signal.SIGTERM
    except BaseException:
        print(processes.logs())  # noqa: T201 - what a failing journey needs to be understood
        raise
    finally:
        processes.end()
