"""The newest end of the ledger: what went out last."""

from sqlalchemy import Connection, select

from mailer.core.deliveries import DeliveryState
from mailer.store.ledger_reading import DeliveryRow, read_deliveries
from mailer.store.ledger_tables import deliveries


def latest_deliveries(connection: Connection, limit: int) -> list[DeliveryRow]:
    """Return the accepted deliveries, those settled last first."""
    query = (
        select(deliveries.c.id)
        .where(deliveries.c.state == DeliveryState.ACCEPTED.value)
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    ids = [row.id for row in connection.execute(query)]
    return sorted(read_deliveries(connection, ids), key=lambda row: row.id, reverse=True)
