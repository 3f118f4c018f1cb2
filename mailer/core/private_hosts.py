"""Hosts of a private network that webhooks may reach: named in a setting, never by a form (S12)."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from mailer.core.hygiene import clean_header
from mailer.errors import InputError

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# What people run at home and at work. Loopback and link-local are not among them.
_PRIVATE: Final[tuple[_Network, ...]] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # Carriers and overlays, RFC 6598.
        "fc00::/7",
    )
)
# Where clouds tell secrets to whoever asks, whatever a name leads to.
_METADATA: Final = frozenset(
    ipaddress.ip_address(address) for address in ("100.100.100.200", "fd00:ec2::254")
)
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class PrivateHosts:
    """Names that may lead into a private network, and networks that any name may lead into."""

    names: frozenset[str] = frozenset()
    networks: tuple[_Network, ...] = ()

    def have(self, host: str, address: str) -> bool:
        """Say whether `host` may be reached at this address, which it was resolved to."""
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if ip in _METADATA or not any(ip in network for network in _PRIVATE):
            return False
        named = host.rstrip(".").casefold() in self.names
        return named or any(ip in network for network in self.networks)


NONE: Final = PrivateHosts()


def read_private_hosts(text: str) -> PrivateHosts:
    """Return what a setting names; raises InputError for what is no host or no private network."""
    names: set[str] = set()
    networks: list[_Network] = []
    for word in text.replace(",", " ").split():
        try:
            network = ipaddress.ip_network(word)
        except ValueError as error:
            name = word.rstrip(".").casefold()
            if not _NAME.fullmatch(name) or re.fullmatch(r"[0-9.]+", name):
                raise InputError(
                    f"'{clean_header(word, 60)}' is no host: write names and networks, such as "
                    "hooks.internal,10.1.0.0/16"
                ) from error
            names.add(name)
            continue
        if not any(
            network.version == known.version and network.subnet_of(known)  # type: ignore[arg-type]
            for known in _PRIVATE
        ):
            raise InputError(
                f"'{word}' lies in no private network: public hosts need no leave, and loopback "
                "and link-local addresses have none"
            )
        networks.append(network)
    return PrivateHosts(frozenset(names), tuple(networks))
