"""The API under Schemathesis: whatever is sent, no answer is 500 or more, and no GET changes."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from sqlalchemy import func, select

from mailer.bootstrap import Installation, open_installation, packaged_seeds
from mailer.core.api_keys import Scope
from mailer.flows.keep_keys import add_key
from mailer.flows.load_seeds import load_seeds
from mailer.settings import Settings
from mailer.store.tables import metadata
from mailer.web.application import make_app

_EXAMPLES = 25


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A seeded installation."""
    path = tmp_path_factory.mktemp("fuzzed") / "mailer.db"
    opened = open_installation(Settings(database_url=f"sqlite:///{path}", backend="memory"))
    load_seeds(opened.desk.database, packaged_seeds())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def schema(room: Installation) -> Any:
    """The description, and a key that opens everything."""
    return schemathesis.openapi.from_asgi(
        "/api/openapi.json", make_app(room), config=SchemathesisConfig()
    )


@pytest.fixture(scope="module")
def key(room: Installation) -> str:
    added = add_key(room.desk.database, "fuzz", frozenset(Scope), actor="test", now=room.clock())
    return added.text


def contents(room: Installation) -> dict[str, int]:
    with room.desk.database.read() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_nothing_breaks_the_api(
    schema: Any, room: Installation, key: str, mode: GenerationMode
) -> None:
    tried: set[str] = set()

    def try_one(case: Any) -> None:
        before = contents(room) if case.method == "GET" else None
        answer = case.call(headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code < 500, (case.method, case.path, answer.text)
        if before is not None:
            assert contents(room) == before
        tried.add(f"{case.method} {case.path}")

    limits = settings(
        max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck)
    )
    operations = [found.ok() for found in schema.get_all_operations()]
    for operation in operations:
        limits(given(operation.as_strategy(generation_mode=mode))(try_one))()  # type: ignore[no-untyped-call]
    assert len(tried) == len(operations) >= 15
