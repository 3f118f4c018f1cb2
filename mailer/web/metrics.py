"""Figures for Prometheus, read from the database at each scrape.

Any number of processes give the same figures, since all stand in the database. Nothing names a
reader or a story.
"""

from datetime import timedelta
from ipaddress import ip_address

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mailer.core.bounces import BounceKind
from mailer.core.deliveries import DeliveryState
from mailer.core.readers import ReaderState
from mailer.flows.count_states import StateCounter
from mailer.store.dashboard import (
    bounce_counts,
    read_backlog,
    reader_counts,
    suppressed_count,
)
from mailer.store.editions import plain_run_count
from mailer.store.runs import unfinished_run_ids
from mailer.store.webhook_backlog import read_outbox
from mailer.web.visits import STATES, Area, Visiting, kept_of

router = Area()
_PLAIN_SINCE = timedelta(days=1)


@router.get("/metrics")
def metrics(visit: Visiting) -> Response:
    """Give the figures to whoever asks from this machine or a private network."""
    if not ip_address(visit.client).is_private:
        raise HTTPException(404)
    registry = CollectorRegistry()

    def gauge(name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"mailer_{name}", words, labels, registry=registry)

    with visit.room.desk.database.read() as connection:
        backlog = read_backlog(connection, visit.now)
        readers = reader_counts(connection)
        suppressed = suppressed_count(connection)
        back = bounce_counts(connection)
        running = len(unfinished_run_ids(connection))
        outbox = read_outbox(connection, visit.now)
        plain = plain_run_count(connection, visit.now - _PLAIN_SINCE)
    states = kept_of(visit.request, STATES, StateCounter).count()
    deliveries = gauge("deliveries", "Deliveries in the ledger by state.", "state")
    for state in DeliveryState:
        deliveries.labels(state).set(states.get(state, 0))
    known = gauge("readers", "Readers by state.", "state")
    for reader_state in ReaderState:
        known.labels(reader_state).set(readers.get(reader_state, 0))
    bounces = gauge("bounces", "Reports that came back, by kind.", "kind")
    for kind in BounceKind:
        bounces.labels(kind).set(back.get(kind, 0))
    gauge("suppressed_addresses", "Addresses that get nothing.").set(suppressed)
    gauge("running_runs", "Runs that plan or send.").set(running)
    gauge(
        "plain_runs", "Runs of the last 24 hours whose template makes each mail by itself, slowly."
    ).set(plain)
    gauge("due_deliveries", "Deliveries that are due and wait.").set(backlog.due_count)
    age = gauge("oldest_due_seconds", "How long the oldest due delivery has waited.")
    since = backlog.oldest_due_at
    age.set((visit.now - since).total_seconds() if since is not None else 0)
    doubtful = gauge("doubtful_deliveries", "Deliveries an operator must decide about.")
    doubtful.set(backlog.doubtful_count)
    gauge("webhook_queued_messages", "Messages that wait for a webhook.").set(outbox.queued_count)
    gauge("webhook_given_up_messages", "Messages no webhook took.").set(outbox.given_up_count)
    late = gauge("webhook_oldest_due_seconds", "How long the oldest due message has waited.")
    due_at = outbox.oldest_due_at
    late.set((visit.now - due_at).total_seconds() if due_at is not None else 0)
    shut = visit.room.desk.throttle.relay_states(now=visit.now)
    gauge("failing_relays", "Relays that took nothing up and have not worked since.").set(len(shut))
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
