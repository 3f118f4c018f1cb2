"""The queues, each with its reason.

Separate queues rather than priorities: on Redis a priority is a second list per step, and a long
digest run would still sit in front of a confirmation mail in the worker's hands.
"""

from kombu.entity import Queue

TRANSACTIONAL = "transactional"  # A person has the page open and waits for this very mail.
PLANNING = "planning"  # CPU and database; a big run must not keep mail that is ready waiting.
ALERTS = "alerts"  # Somebody waits for these within seconds.
DIGESTS = "digests"  # Long and patient: hours of sending may stand here.
UPKEEP = "upkeep"  # Ticks, reaping, polls, purges: small, and late is harmless.

QUEUES = tuple(Queue(name) for name in (TRANSACTIONAL, ALERTS, PLANNING, DIGESTS, UPKEEP))
