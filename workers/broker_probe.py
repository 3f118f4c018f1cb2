"""A look at the broker, without ringing anything."""

from collections.abc import Iterator

from kombu.connection import Connection
from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError

from mailer.core.findings import Finding, fail, ok, warn
from mailer.core.hygiene import clean_header

_SECONDS = 3


def probe_broker(url: str) -> Iterator[Finding]:
    """Say whether the broker answers, and whether it would throw our bells away."""
    if url.startswith("memory:"):
        yield ok("broker", "in this process: 'mailer up' does all the work")
        return
    mend = "start it, or check MAILER_BROKER_URL; sending goes on without, by 'mailer drain'"
    try:
        with Connection(url, connect_timeout=_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.1, timeout=_SECONDS)
            shown = connection.as_uri()
    except (OSError, KombuError, ValueError, KeyError, ImportError) as error:
        words = clean_header(str(error)) or type(error).__name__
        yield fail("broker", f"does not answer: {words}", mend, away=True)
        return
    yield ok("broker", f"{clean_header(shown, 80)} answers")
    if url.startswith(("redis://", "rediss://")):
        yield from _eviction(url)


def _eviction(url: str) -> Iterator[Finding]:
    try:
        with Redis.from_url(url, socket_timeout=_SECONDS) as client:
            policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "")
    except RedisError:
        # Hosted servers often forbid CONFIG; nothing is known then.
        return
    if isinstance(policy, bytes):
        policy = policy.decode()
    if policy not in ("", "noeviction"):
        yield warn(
            "broker",
            f"Redis throws keys away when it is full (maxmemory-policy {clean_header(policy, 40)})",
            "set maxmemory-policy noeviction",
        )
