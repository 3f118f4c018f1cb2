"""A proxy on loopback that makes a line long: every octet arrives half a round trip later."""

import heapq
import select
import socket
import threading
import time
from contextlib import suppress
from itertools import count


class LongLine:
    """Forwards connections to a port of this machine, `seconds` slower there and back.

    It delays and does not throttle: octets of one direction keep their distances. Runs in one
    thread; `port` is where to connect.
    """

    def __init__(self, target: int, seconds: float) -> None:
        self._target = target
        self._half = seconds / 2
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hang up everywhere."""
        self._stopped.set()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            pass
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        others: dict[socket.socket, socket.socket] = {}
        due: list[tuple[float, int, socket.socket, bytes]] = []
        order = count()
        while not self._stopped.is_set():
            wait = max(0.0, due[0][0] - time.monotonic()) if due else None
            ready, _, _ = select.select([self._listener, *others], [], [], wait)
            now = time.monotonic()
            for one in ready:
                if one is self._listener:
                    client, _ = self._listener.accept()
                    server = socket.create_connection(("127.0.0.1", self._target))
                    others |= {client: server, server: client}
                    for end in (client, server):
                        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    continue
                octets = b""
                with suppress(OSError):
                    octets = one.recv(1 << 20)
                heapq.heappush(due, (now + self._half, next(order), others[one], octets))
                if not octets:
                    del others[one]
            while due and due[0][0] <= time.monotonic():
                _, _, end, octets = heapq.heappop(due)
                with suppress(OSError):
                    end.sendall(octets) if octets else end.shutdown(socket.SHUT_WR)
