"""The guard at the socket: to which addresses we connect, and for how long (S12).

A name is resolved once, every address it has is judged, and the connection goes to the judged
address itself: a name that changes its mind in between gains nothing. TLS still checks the name.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpcore2
import httpx2

from mailer.core.private_hosts import NONE, PrivateHosts
from mailer.errors import InputError, ServiceAway

# Addresses that Python calls public, or did in some version, and that are not. Several of IPv6
# carry an IPv4 address, which a gateway on our side of the network might unpack.
_REFUSED: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # The host of a virtual machine at Azure.
        "192.0.0.0/24",  # Protocol assignments, RFC 6890; metadata at Oracle.
        "192.88.99.0/24",  # 6to4 relays, RFC 7526.
        "64:ff9b::/96",  # NAT64, RFC 6052.
        "64:ff9b:1::/48",  # NAT64 for local use, RFC 8215.
        "2001::/23",  # Protocol assignments, RFC 2928; Teredo among them.
        "2002::/16",  # 6to4, RFC 3056.
        "3fff::/20",  # Documentation, RFC 9637.
    )
)
# Everything the world routes today lies in here (RFC 4291 section 2.4, IANA).
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")

# Tried in turn; more addresses of one host are no likelier to answer.
_MOST_ADDRESSES: Final = 4


def is_allowed(address: str, *, allow_loopback: bool = False) -> bool:
    """Say whether we may connect to an IP address: public unicast, or loopback when allowed."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if ip.is_loopback:
        return allow_loopback
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        return False
    if ip.version == 6 and ip not in _GLOBAL_UNICAST:
        return False
    return not any(ip in network for network in _REFUSED if network.version == ip.version)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment of the monotonic clock by which everything must be over."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Return the deadline in so many seconds from now."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Return the seconds left. Raises httpcore2.ReadTimeout when there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the time is up")
        return left


class GuardedTransport(httpx2.BaseTransport):
    """A transport of httpx2 that connects to allowed addresses only, and keeps a deadline.

    The deadline is for everything together, from the name to the last byte. No proxy is used.
    Of private addresses it reaches those that `private` has.
    """

    def __init__(
        self, deadline: Deadline, *, allow_loopback: bool, private: PrivateHosts = NONE
    ) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls_context(),
            network_backend=_GuardedBackend(deadline, allow_loopback, private),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request; the body of the response is read by the caller."""
        response = self._pool.handle_request(
            httpcore2.Request(
                request.method,
                httpcore2.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        return httpx2.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


@cache
def tls_context() -> ssl.SSLContext:
    """Return what connections of this process verify names with: reading it takes 20 ms."""
    return httpx2.create_ssl_context()


class _Body(httpx2.SyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    def __iter__(self) -> Any:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _GuardedBackend(httpcore2.NetworkBackend):
    def __init__(self, deadline: Deadline, allow_loopback: bool, private: PrivateHosts) -> None:
        self._deadline = deadline
        self._allow_loopback = allow_loopback
        self._private = private
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to an allowed address of `host`. Raises InputError when it has none."""
        addresses = _resolved(host, port, self._deadline)
        allowed = [
            address
            for address in addresses
            if is_allowed(address, allow_loopback=self._allow_loopback)
            or self._private.have(host, address)
        ]
        if not allowed:
            raise InputError(
                f"{host!r} has the address {addresses[0]}, which is not public: "
                "give an address that anyone on the internet can reach"
            )
        error: Exception | None = None
        for address in allowed[:_MOST_ADDRESSES]:
            try:
                stream = self._sockets.connect_tcp(
                    address, port, self._deadline.left(), socket_options=socket_options
                )
            except httpcore2.ConnectError as refused:
                error = refused
            else:
                return _GuardedStream(stream, self._deadline)
        raise error or httpcore2.ConnectError(host)


class _GuardedStream(httpcore2.NetworkStream):
    """A connection on which every step ends at the deadline, however slowly bytes drip in."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left())
        return _GuardedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _resolved(host: str, port: int, deadline: Deadline) -> list[str]:
    """Return the addresses of a host, at least one. Raises ServiceAway when it has none."""
    found: list[str] = []
    errors: list[Exception] = []

    def resolve() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except (OSError, UnicodeError) as error:
            errors.append(error)

    # The resolver knows no time limit, and cannot be interrupted: it is left behind instead.
    thread = threading.Thread(target=resolve, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not found:
        reason = f" ({errors[0]})" if errors else ""
        raise ServiceAway(f"the host {host!r} was not found{reason}: check the address")
    return found
