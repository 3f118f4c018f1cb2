"""The Maildir backend: one file a message, exactly once by Message-ID.

Source: https://cr.yp.to/proto/maildir.html and its flags in `cur/`. Lines end in LF on disk: that
is what qmail, Postfix and Dovecot write and what mutt and scripts read; an IMAP server puts the CRs
back. A message is therefore refused when its CRLFs could not be told apart again (bare CR or LF).
"""

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from mailer.delivery.wire import bare_line_end
from mailer.ports import (
    Accepted,
    Backend,
    BackendOptions,
    Message,
    Misconfigured,
    Outcome,
    Refused,
)

_LOCK = ".mailer.lock"
# A folder changed twice within one tick of its clock shows one time: 2 s is FAT's, the coarsest.
_TICK_NS = 2_000_000_000
_MENDS = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "raise the quota",
    errno.EACCES: "give this user the right to write there",
    errno.EPERM: "give this user the right to write there",
    errno.EROFS: "mount it writable",
}


class MaildirBackend:
    """Writes messages into the Maildir at `path`, which is made when the first one comes.

    A Message-ID that stands in `new/` or `cur/` is accepted again without a second file, whichever
    process wrote it; one whose file was deleted is written anew. Accepted means on the disk.
    """

    name = "maildir"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made = False
        self._seen: frozenset[str] = frozenset()
        self._seen_at_ns = -1

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """Send in order."""
        for message in messages:
            yield self._store(message)

    def close(self) -> None:
        """Nothing stays open between messages."""

    def _store(self, message: Message) -> Outcome:
        problem = bare_line_end(message.content)
        if problem:
            return Refused(0, problem)
        # Read by its Message-ID alone, so that a second sender finds the first one's file.
        name = f"{sha256(message.message_id.encode('utf-8', 'surrogatepass')).hexdigest()}.mailer"
        try:
            self._make()
            draft = self._write(name, message.content.replace(b"\r\n", b"\n"))
            try:
                with self._alone():
                    folder = self._folder_of(name)
                    if folder is None:
                        draft.rename(self.path / "new" / name)
                _sync_folder(self.path / (folder or "new"))
            finally:
                draft.unlink(missing_ok=True)
        except OSError as error:
            mend = _MENDS.get(error.errno or 0, "check the folder")
            return Misconfigured(0, f"maildir {self.path}: {error.strerror or error}: {mend}")
        return Accepted(250, f"{'already in' if folder else 'in'} {self.path}: {name}")

    def _make(self) -> None:
        if self._made:
            return
        for folder in ("tmp", "new", "cur"):
            (self.path / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(self.path)
        self._made = True

    def _write(self, name: str, content: bytes) -> Path:
        """Write a draft into `tmp/`, through to the disk; nobody else writes to its name."""
        draft = self.path / "tmp" / f"{name}.{os.getpid()}.{secrets.token_hex(8)}"
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(file)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return draft

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes and threads out between looking for a message and placing it."""
        with (self.path / _LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _folder_of(self, name: str) -> str | None:
        """Tell where a message stands already. A reader moves from `new/` to `cur/`, never back."""
        if (self.path / "new" / name).exists():
            return "new"
        return "cur" if name in self._in_cur() else None

    def _in_cur(self) -> frozenset[str]:
        """Give the names in `cur/` without their flags, listed again only when it has changed."""
        folder = self.path / "cur"
        changed_at_ns = folder.stat().st_mtime_ns
        if changed_at_ns != self._seen_at_ns:
            listed_at_ns = time.time_ns()
            self._seen = frozenset(file.name.partition(":")[0] for file in folder.iterdir())
            settled = changed_at_ns + _TICK_NS < listed_at_ns
            self._seen_at_ns = changed_at_ns if settled else -1
        return self._seen


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_maildir(options: BackendOptions) -> Backend:
    """Build the Maildir backend on `options.maildir`."""
    return MaildirBackend(options.maildir)
