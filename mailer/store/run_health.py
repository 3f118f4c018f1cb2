"""A run's health on its row, shared by all workers. The rule itself: core.run_health."""

from collections.abc import Sequence

from sqlalchemy import Connection, case, or_, select, update

from mailer.core.run_health import EARLY, Health
from mailer.store.ledger_tables import runs


def record_judgements(connection: Connection, run_id: int, refusals: Sequence[str | None]) -> str:
    """Add judged mails of a run in their order: a refusal's reply, or None for an accepted one.

    Returns why the run should pause, with the reply that was too much; empty when it may go on.
    A run past its start whose mails are accepted writes nothing.
    """
    if not any(refusal is not None for refusal in refusals):
        early = runs.c.early_settled_count + len(refusals)
        connection.execute(
            update(runs)
            .where(
                runs.c.id == run_id,
                or_(runs.c.early_settled_count < EARLY, runs.c.refused_in_row_count > 0),
            )
            .values(
                early_settled_count=case((early > EARLY, EARLY), else_=early),
                refused_in_row_count=0,
            )
        )
        return ""
    counts = (runs.c.early_settled_count, runs.c.early_refused_count, runs.c.refused_in_row_count)
    # Not a key lock: planning goes on adding deliveries that refer to the run.
    row = connection.execute(
        select(*counts).where(runs.c.id == run_id).with_for_update(key_share=True)
    ).one()
    health = Health(*row)
    complaint = ""
    for refusal in refusals:
        health = health.after(refused=refusal is not None)
        if refusal is not None and not complaint and health.complaint:
            complaint = f"{health.complaint}, the last with: {refusal}"
    _write(connection, run_id, health)
    return complaint


def forget_judgements(connection: Connection, run_id: int) -> None:
    """Measure a run afresh: an operator has looked and lets it go on."""
    _write(connection, run_id, Health())


def _write(connection: Connection, run_id: int, health: Health) -> None:
    connection.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(
            early_settled_count=health.early_settled_count,
            early_refused_count=health.early_refused_count,
            refused_in_row_count=health.refused_in_row_count,
        )
    )
