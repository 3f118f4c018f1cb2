"""A mailbox on this machine that speaks as much IMAP as a client of ours asks for."""

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class ImapServer(socketserver.ThreadingTCPServer):
    """Messages by uid; `seen` are those marked, `said` the commands as they came."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(
        self, messages: Mapping[int, bytes], context: ssl.SSLContext, *, tls: bool
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.messages = dict(messages)
        self.seen: set[int] = set()
        self.said: list[str] = []
        self.context = context
        self.tls = tls

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Session(socketserver.StreamRequestHandler):
    server: ImapServer

    def setup(self) -> None:
        if self.server.tls:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def handle(self) -> None:
        self.say("* OK ready")
        while line := self.rfile.readline():
            tag, _, command = line.decode().strip().partition(" ")
            self.server.said.append(command)
            if not self.answer(tag, command):
                return

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def answer(self, tag: str, command: str) -> bool:
        server = self.server
        word = command.upper()
        if word.startswith("CAPABILITY"):
            self.say("* CAPABILITY IMAP4rev1 STARTTLS")
        elif word == "STARTTLS":
            self.say(f"{tag} OK go ahead")
            super().finish()
            self.request = server.context.wrap_socket(self.request, server_side=True)
            super().setup()
            return True
        elif word.startswith("LOGIN") and '"right"' not in command:
            self.say(f"{tag} NO wrong")
            return True
        elif word.startswith("SELECT") and "INBOX" not in word:
            self.say(f"{tag} NO no such folder")
            return True
        elif word.startswith("UID SEARCH UNSEEN"):
            found = [str(uid) for uid in sorted(server.messages) if uid not in server.seen]
            self.say(f"* SEARCH {' '.join(found)}")
        elif fetched := re.match(r"UID FETCH (\d+)", word):
            content = server.messages[int(fetched[1])]
            self.say(f"* 1 FETCH (UID {fetched[1]} BODY[]<0> {{{len(content)}}}")
            self.wfile.write(content + b")\r\n")
        elif stored := re.match(r"UID STORE (\d+) \+FLAGS\.SILENT \(\\SEEN\)", word):
            server.seen.add(int(stored[1]))
        elif word == "LOGOUT":
            self.say("* BYE")
            self.say(f"{tag} OK bye")
            return False
        self.say(f"{tag} OK done")
        return True


@contextmanager
def imap_server(
    messages: Mapping[int, bytes], context: ssl.SSLContext, *, tls: bool = True
) -> Iterator[ImapServer]:
    """Serve these messages while the block lasts."""
    with ImapServer(messages, context, tls=tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
