"""The whole product in one process, as `mailer up` runs it, and a mail server that can be held."""

import asyncio
import json
import shutil
import socket
import threading
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.bootstrap import Installation, open_installation
from mailer.core.runs import Run, RunState
from mailer.settings import Settings
from mailer.store.runs import find_run
from mailer.web.serving import serving
from tests.bounces.services import PASSWORD as HOOK_PASSWORD
from tests.delivery.sinks import SinkServer
from workers.lookout import Doorbell, look_forever

_LOOK_SECONDS = 0.02


class HeldSink(SinkServer):
    """A mail server that lets through only as many mails as it was told, until it is opened."""

    def __init__(self) -> None:
        self._allowed = 0
        self._is_held = False
        super().__init__()

    def hold(self) -> None:
        """Let nothing through from now on."""
        self._is_held = True

    def let_through(self, count: int) -> None:
        """Let so many more through."""
        self._allowed += count

    def open(self) -> None:
        """Let everything through."""
        self._is_held = False

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        while self._is_held and not self._allowed:
            await asyncio.sleep(_LOOK_SECONDS)
        self._allowed = max(self._allowed - 1, 0)
        return await super().handle_RCPT(server, session, envelope, address, options)


@dataclass
class Office:
    """A newsroom at work: its pages, its worker, its mail server and a clock that runs."""

    room: Installation
    sink: HeldSink
    address: str
    ahead: list[timedelta] = field(default_factory=lambda: [timedelta()])

    def pass_time(self, length: timedelta) -> None:
        """Move the clock."""
        self.ahead[0] += length

    def tell_of_bounce(self, recipient: str) -> int:
        """Call the hook as Postmark does, and return how many notices were taken."""
        [sent] = [mail.content for mail in self.sink.mails if mail.recipients == [recipient]]
        notice = {
            "RecordType": "Bounce",
            "Type": "HardBounce",
            "TypeCode": 1,
            "ID": 4242,
            "Email": recipient,
            "MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d",
            "Metadata": {"delivery": message_from_bytes(sent)["X-PM-Metadata-delivery"]},
            "Details": "smtp;550 5.1.1 The account does not exist",
            "Description": "The server was unable to deliver your message",
            "BouncedAt": self.room.clock().isoformat(),
        }
        call = urllib.request.Request(
            f"{self.address}/hooks/postmark",
            json.dumps(notice).encode(),
            {
                "Content-Type": "application/json",
                "Authorization": f"Basic {b64encode(HOOK_PASSWORD.encode()).decode()}",
            },
        )
        with urllib.request.urlopen(call, timeout=10) as answer:
            taken: int = json.load(answer)["taken"]
        return taken

    def wait_for(self, is_so: Callable[[], bool], what: str, *, seconds: float = 30) -> None:
        """Wait until something is so."""
        ends_at = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < ends_at, f"{what}: not in {seconds} s"
            time.sleep(_LOOK_SECONDS)

    def wait_for_run(self, run_id: int, *states: RunState) -> None:
        """Wait until a run is in one of these states."""
        self.wait_for(lambda: self.run(run_id).state in states, f"run {run_id} {states}")

    def run(self, run_id: int) -> Run:
        """Return a run as it is now."""
        with self.room.desk.database.read() as connection:
            return find_run(connection, run_id)


@contextmanager
def open_office(seeds: Path, folder: Path, morning: datetime) -> Iterator[Office]:
    """Open a newsroom on a copy of the seeds; a worker looks for work and hears the bell."""
    path = folder / "mailer.db"
    shutil.copyfile(seeds, path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # Playwright's loop runs in this thread: the server starts its own in another.
    with ThreadPoolExecutor(1) as elsewhere:
        sink = elsewhere.submit(HeldSink).result()
    began, ahead = time.monotonic(), [timedelta()]
    room = open_installation(
        Settings(
            database_url=f"sqlite:///{path}",
            backend="smtp",
            smtp_url=f"smtp://127.0.0.1:{sink.port}",  # type: ignore[arg-type]
            smtp_connections=1,
            smtp_window=1,
            hook_postmark=HOOK_PASSWORD,  # type: ignore[arg-type]
            public_url=f"http://127.0.0.1:{port}",
            site_name="The Meridian Desk",
        ),
        clock=lambda: morning + ahead[0] + timedelta(seconds=time.monotonic() - began),
    )
    stop = threading.Event()
    bell = Doorbell(stop)
    backend = room.open_backend()
    worker = threading.Thread(
        target=look_forever, args=(room, backend), kwargs={"wait": bell.wait}, name="worker"
    )
    with serving(room, "127.0.0.1", port, bell) as address:
        worker.start()
        try:
            yield Office(room, sink, address, ahead)
        finally:
            sink.open()
            stop.set()
            bell.wake()
            worker.join(20)
    backend.close()
    room.close()
    sink.stop()
