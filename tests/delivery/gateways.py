"""Mail gateways on loopback: one that keeps the idempotency promise, and ones with a habit."""

import contextlib
import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


class Gateway:
    """Keeps what it accepts, once for each key. `habit` may answer first, or hang up by raising."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.accepted: dict[str, bytes] = {}
        self.habit: Callable[[int], Answer | None] = lambda number: None
        self.forgetful_about: set[int] = set()
        self._lock = threading.Lock()

    def take(self, headers: dict[str, str], body: bytes) -> Answer:
        document = json.loads(body)
        with self._lock:
            self.requests.append((headers, document))
            number = len(self.requests)
            answer = self.habit(number)
            if answer is not None:
                return answer
            known = headers["Idempotency-Key"] in self.accepted
            self.accepted.setdefault(headers["Idempotency-Key"], b64decode(document["content"]))
        if number in self.forgetful_about:
            raise ConnectionAbortedError
        return 200, {}, json.dumps({"reply": "known" if known else "queued"}).encode()


@contextlib.contextmanager
def gateway() -> Iterator[Gateway]:
    """Serve a gateway until the block ends."""
    serving = Gateway()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                status, headers, answer = serving.take(dict(self.headers), body)
            except ConnectionAbortedError:
                self.close_connection = True
                return
            reply = [f"HTTP/1.1 {status} X", f"Content-Length: {len(answer)}"]
            reply += [f"{name}: {value}" for name, value in headers.items()]
            self.wfile.write("\r\n".join([*reply, "", ""]).encode() + answer)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Keep quiet about clients that hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    serving.url = f"http://127.0.0.1:{server.server_port}/messages"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield serving
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
