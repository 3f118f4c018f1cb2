"""Who asks: the address behind the proxies that are known to stand before us, and no further."""

import ipaddress
from collections.abc import Sequence

UNKNOWN = "0.0.0.0"  # noqa: S104 - not bound to: it stands for a peer without an address


def client_address(peer: str, forwarded: Sequence[str], hops: int) -> str:
    """Return the address of the client.

    `forwarded` are the X-Forwarded-For headers in order. Each of our `hops` proxies appends whom it
    talked to, so the client is the hops-th entry from the right; what stands to the left of it
    anybody may have written (CVE-2024-34451). Without enough entries, or with an odd one, the
    request came past the proxies: its peer counts.
    """
    entries = [entry.strip() for header in forwarded for entry in header.split(",")]
    if 0 < hops <= len(entries):
        found = _read(entries[-hops])
        if found:
            return found
    return _read(peer) or UNKNOWN


def _read(text: str) -> str:
    """Return an address without port, brackets and zone, IPv4 in IPv6 as IPv4; "" for none."""
    text = text.strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)
