"""The worlds that faults are done to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.report import Measured, SoakReport
from tests.faults.world import Nursery, World

MakeWorld = Callable[..., World]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """One for all tests of this process."""
    made = Nursery()
    yield made
    made.end()


@pytest.fixture
def make_world(
    nursery: Nursery, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[MakeWorld]:
    """Make a world at a database, of so many readers."""
    worlds: list[World] = []

    def make(url: str, readers: int, **more: Any) -> World:
        worlds.append(World(nursery, url, tmp_path, readers, **more))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture(scope="session")
def soak_report() -> Iterator[SoakReport]:
    """What the long forms measured; written when they are over."""
    report = SoakReport()
    yield report
    report.write()


@pytest.fixture
def measured(soak_report: SoakReport, request: pytest.FixtureRequest) -> Iterator[Measured]:
    """Where a test puts its figures; those of a short form are not kept."""
    figures = Measured()
    yield figures
    if request.node.get_closest_marker("soak"):
        soak_report.add(request.node.path.stem, request.node.callspec.id, figures)
