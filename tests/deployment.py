"""What docker-compose.yml says, for tests that run the very same commands as processes."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

CHECKOUT = Path(__file__).parent.parent


def compose_services() -> dict[str, dict[str, Any]]:
    """Return the services of docker-compose.yml, anchors and merges resolved."""
    document = YAML(typ="safe").load(CHECKOUT / "docker-compose.yml")
    services: dict[str, dict[str, Any]] = document["services"]
    return services


def compose_command(service: str) -> list[str]:
    """Return the words a service of ours is started with, behind `mailer`."""
    command: list[str] = compose_services()[service]["command"]
    return command
