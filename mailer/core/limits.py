"""Limits on how often something may happen, kept as one instant each (S5, S22).

The generic cell rate algorithm: a bucket of `burst` uses that regains one in every `every`. All
that is remembered of it is when it will be full again; a bucket nobody remembers is full.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `burst` uses at once, and one more in every `every`."""

    name: str
    burst: int
    every: timedelta

    def use(self, full_at: datetime | None, now: datetime) -> datetime | None:
        """Return when the bucket will be full again after one more use, None when it is empty."""
        then = max(full_at or now, now) + self.every
        return then if then - now <= self.every * self.burst else None


def network_of(client: str) -> str:
    """Return the network of a client, as one household or office has it: /24, or /48 of IPv6."""
    address = ip_address(client)
    return str(ip_network((address, 48 if isinstance(address, IPv6Address) else 24), strict=False))


def host_of(client: str) -> str:
    """Return the address of a client; of IPv6 the /64, which one telephone has to itself."""
    address = ip_address(client)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)
