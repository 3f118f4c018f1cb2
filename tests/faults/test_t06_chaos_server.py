"""T6: the mail server misbehaves in each phase; a real worker's ledger then says what is true."""

import pytest
from sqlalchemy import update

from mailer.core.runs import RunState
from mailer.ports import Accepted, InDoubt, Misconfigured, Refused
from mailer.store.ledger_reading import list_deliveries
from mailer.store.ledger_tables import deliveries, runs
from tests.delivery.scripted import ScriptedServer
from tests.delivery.test_smtp_matrix import MATRIX, fault_act
from tests.faults.conftest import MakeWorld
from tests.faults.report import Measured
from tests.faults.world import World

# TLS and logins are the conversation's own affair: tests/delivery has their cells, and the stalls,
# which take minutes by RFC 5321's clock.
_PHASES = ("banner", "EHLO", "MAIL", "RCPT", "DATA", "DOT", "QUIT")
CELLS = [(phase, fault) for phase in _PHASES for fault in MATRIX[phase] if fault != "stall"]
_SHORT = [
    ("banner", "421"),
    ("EHLO", "5xx"),
    ("MAIL", "drop"),
    ("RCPT", "4xx"),
    ("RCPT", "5xx"),
    ("DATA", "garbage"),
    ("DOT", "4xx"),
    ("DOT", "drop"),
    ("DOT", "multi-line"),
    ("QUIT", "drop"),
]


def meet(world: World, phase: str, fault: str, email: str, mutation: str = "") -> None:
    """Send one mail to a server with a fault, and compare the ledger with what the server knows."""
    with world.database.write() as connection:
        mine = deliveries.c.email == email
        connection.execute(update(deliveries).where(mine).values(not_before_at=world.now()))
        connection.execute(update(runs).values(state=RunState.SENDING.value))
    server = ScriptedServer({phase: fault_act(phase, fault)})
    try:
        world.run("drain", mutation=mutation, MAILER_SMTP_URL=f"smtp://127.0.0.1:{server.port}")
    finally:
        server.stop()
    with world.database.read() as connection:
        [row] = [row for row in list_deliveries(connection) if row.email == email]
        [paused] = connection.execute(runs.select().with_only_columns(runs.c.state)).scalars()
    expected = MATRIX[phase][fault]
    state = {Accepted: "accepted", Refused: "refused", InDoubt: "in_doubt"}.get(
        type(expected), "queued"
    )
    cell = f"{phase}: {fault}"
    assert row.state.value == state, cell
    assert (paused == "paused") is isinstance(expected, Misconfigured), cell
    # Whatever the table says: what a server took is on record, and what is in doubt has left.
    assert (row.state.value == "accepted") == (len(server.accepted) == 1), cell
    if row.state.value == "in_doubt":
        assert len(server.bodies) == 1, cell
        assert server.accepted == [], cell


def meet_all(world: World, cells: list[tuple[str, str]], mutation: str = "") -> None:
    """One reader's mail meets each fault."""
    world.run("drain", MAILER_SMTP_URL="smtp://127.0.0.1:1")  # Plans; nobody is there to take it.
    with world.database.write() as connection:
        connection.execute(update(deliveries).values(not_before_at=world.now(days=1)))
    for number, (phase, fault) in enumerate(cells, 1):
        meet(world, phase, fault, f"reader{number}@reader.example", mutation)
    world.require_whole_ledger()


def test_the_ledger_says_what_the_server_knows(make_world: MakeWorld, postgres_url: str) -> None:
    meet_all(make_world(postgres_url, len(_SHORT), MAILER_SMTP_WINDOW="1"), _SHORT)


@pytest.mark.soak
@pytest.mark.parametrize("case", ["soak-all cells"])
def test_the_ledger_says_what_the_server_knows_in_every_cell(
    make_world: MakeWorld, postgres_url: str, measured: Measured, case: str
) -> None:
    meet_all(make_world(postgres_url, len(CELLS), MAILER_SMTP_WINDOW="1"), CELLS)
    measured.figures |= {"cells": len(CELLS), "wrong": 0}
