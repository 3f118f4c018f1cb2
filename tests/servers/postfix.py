"""A real Postfix on a loopback port, with CHUNKING, that delivers into a Maildir of its folder."""

import os
import shutil
import smtplib
from contextlib import suppress
from pathlib import Path

from tests.servers.process import ServerProcess
from tests.servers.smtp_sink import NoPostfix, free_port, postfix_program

_QUEUES = (
    "active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved "
    "trace"
)
_SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
proxymap unix - - n - - proxymap
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
_SETTINGS = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = postfix.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{{refused}}}
virtual_mailbox_domains = example.test
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
virtual_minimum_uid = 1
"""
_NOBODY = 65534


class Postfix:
    """A server for example.test; `refused` is what it answers at RCPT to some of its readers."""

    def __init__(self, process: ServerProcess, port: int) -> None:
        self._process = process
        self.port = port

    @classmethod
    def start(cls, refused: dict[str, str]) -> "Postfix":
        """Start it. Raises NoPostfix where it is not installed or we are not root."""
        postfix_program("postfix")
        if os.geteuid() != 0:
            raise NoPostfix("Postfix changes users and needs root: run the tests as root")
        process = ServerProcess()
        port = free_port()
        folder = process.folder
        folder.chmod(0o755)
        _furnish(folder, port, refused)
        process.start(
            *("/usr/lib/postfix/sbin/master", "-c", folder / "etc", "-d"),
            is_up=lambda: _greets(port),
        )
        return cls(process, port)

    def inbox(self) -> list[bytes]:
        """Give the messages delivered so far, as they stand on the disk: lines end in LF."""
        return [file.read_bytes() for file in (self._process.folder / "mail/inbox/new").glob("*")]

    def log(self) -> str:
        """Give what it says of itself."""
        return (self._process.folder / "log").read_text(encoding="utf-8")

    def stop(self) -> None:
        """End the server."""
        self._process.stop()


def _furnish(folder: Path, port: int, refused: dict[str, str]) -> None:
    """Lay out what `postfix check` would: its queues with their owners, and two files."""
    answers = ", ".join(f"{{ {address} = {answer} }}" for address, answer in refused.items())
    (folder / "etc").mkdir()
    (folder / "etc/master.cf").write_text(_SERVICES.format(port=port))
    (folder / "etc/main.cf").write_text(
        _SETTINGS.format(folder=folder, refused=answers, uid=_NOBODY)
    )
    for name in _QUEUES.split():
        queue = folder / "spool" / name
        queue.mkdir(parents=True, mode=0o700)
        shutil.chown(queue, "postfix")
    shutil.chown(folder / "spool/pid", "root")
    for name, mode in (("public", 0o710), ("maildrop", 0o730)):
        shutil.chown(folder / "spool" / name, group="postdrop")
        (folder / "spool" / name).chmod(mode)
    (folder / "data").mkdir(mode=0o700)
    shutil.chown(folder / "data", "postfix")
    (folder / "mail").mkdir(mode=0o700)
    os.chown(folder / "mail", _NOBODY, _NOBODY)


def _greets(port: int) -> bool:
    with suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", port, timeout=2):
        return True
    return False
