"""The Maildir backend: exactly once by Message-ID, on the disk, or a reason why not."""

import fcntl
import mailbox
import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mailer.delivery.maildir import MaildirBackend
from mailer.ports import Accepted, Misconfigured, Outcome
from tests.delivery.messages import a_message, messages


def _send(path: Path, number: int = 1) -> Outcome:
    (outcome,) = MaildirBackend(path).send([a_message(number)])
    return outcome


def _files(path: Path) -> list[Path]:
    return [file for folder in ("new", "cur") for file in (path / folder).iterdir()]


def test_the_file_has_the_line_ends_that_maildir_readers_expect(maildir: Path) -> None:
    _send(maildir)
    (file,) = _files(maildir)
    assert file.read_bytes() == a_message().content.replace(b"\r\n", b"\n")
    (read,) = mailbox.Maildir(maildir, create=False)
    assert read["Message-ID"] == a_message().message_id


def test_nobody_else_may_read_the_mail_and_no_draft_is_left(maildir: Path) -> None:
    _send(maildir)
    assert maildir.joinpath("new").stat().st_mode & 0o077 == 0
    assert _files(maildir)[0].stat().st_mode & 0o077 == 0
    assert list(maildir.joinpath("tmp").iterdir()) == []


def test_a_second_sending_is_accepted_without_a_second_file(maildir: Path) -> None:
    first, second = _send(maildir), _send(maildir)
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert second.reply.startswith("already in")
    assert len(_files(maildir)) == 1


def test_a_message_its_reader_has_moved_is_not_written_again(maildir: Path) -> None:
    backend = MaildirBackend(maildir)
    list(backend.send(messages(3)))
    for file in maildir.joinpath("new").iterdir():
        file.rename(maildir / "cur" / f"{file.name}:2,RS")
    list(backend.send(messages(4)))
    assert len(_files(maildir)) == 4
    assert len(list(maildir.joinpath("new").iterdir())) == 1


def test_a_full_cur_is_listed_again_only_when_it_changed(maildir: Path) -> None:
    backend = MaildirBackend(maildir)
    list(backend.send([a_message(1)]))
    (file,) = _files(maildir)
    cur = maildir / "cur"
    file.rename(cur / f"{file.name}:2,S")
    os.utime(cur, (1_000_000_000, 1_000_000_000))
    list(backend.send(messages(2)))
    assert len(_files(maildir)) == 2
    new = maildir / "new" / next(file.name for file in maildir.joinpath("new").iterdir())
    new.rename(cur / f"{new.name}:2,")
    list(backend.send(messages(2)))
    assert len(_files(maildir)) == 2


def test_two_changes_of_cur_within_one_tick_of_its_clock_are_both_seen(maildir: Path) -> None:
    backend = MaildirBackend(maildir)
    tick = time.time_ns()
    for _ in range(2):
        list(backend.send(messages(2)))
        file = next(maildir.joinpath("new").iterdir())
        file.rename(maildir / "cur" / f"{file.name}:2,S")
        os.utime(maildir / "cur", ns=(tick, tick))
    list(backend.send(messages(2)))
    assert len(_files(maildir)) == 2


def test_looking_and_placing_are_one_step_for_others(maildir: Path) -> None:
    _send(maildir)
    (file,) = _files(maildir)
    away = file.rename(maildir / "away")
    with ThreadPoolExecutor(1) as pool, maildir.joinpath(".mailer.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = pool.submit(_send, maildir)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.3)
        away.rename(maildir / "cur" / f"{file.name}:2,S")
        fcntl.flock(lock, fcntl.LOCK_UN)
        outcome = second.result()
    assert isinstance(outcome, Accepted)
    assert outcome.reply.startswith("already in")
    assert len(_files(maildir)) == 1


def test_threads_that_send_the_same_messages_leave_one_file_each(maildir: Path) -> None:
    backend = MaildirBackend(maildir)
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: list(backend.send(messages(25))), range(4)))
    assert all(isinstance(outcome, Accepted) for outcomes in sent for outcome in outcomes)
    assert len(_files(maildir)) == 25


_SENDER = """
import sys
from pathlib import Path
from mailer.delivery.maildir import MaildirBackend
from tests.delivery.messages import messages
print("ready", flush=True)
sys.stdin.readline()
for outcome in MaildirBackend(Path(sys.argv[1])).send(messages(60)):
    print(type(outcome).__name__, flush=True)
"""


def _sender(maildir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _SENDER, str(maildir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_processes_that_send_the_same_messages_leave_one_file_each(maildir: Path) -> None:
    senders = [_sender(maildir) for _ in range(3)]
    for sender in senders:
        assert sender.stdout is not None
        sender.stdout.readline()
    said = [sender.communicate("go\n")[0] for sender in senders]
    assert said == ["Accepted\n" * 60] * 3
    assert len(_files(maildir)) == 60


def test_a_sender_killed_midway_leaves_whole_messages_only(maildir: Path) -> None:
    sender = _sender(maildir)
    assert sender.stdin is not None
    assert sender.stdout is not None
    sender.stdin.write("go\n")
    sender.stdin.flush()
    for _ in range(10):
        sender.stdout.readline()
    os.kill(sender.pid, signal.SIGKILL)
    sender.communicate()
    whole = {message.content.replace(b"\r\n", b"\n") for message in messages(60)}
    assert {file.read_bytes() for file in _files(maildir)} <= whole
    list(MaildirBackend(maildir).send(messages(60)))
    assert len(_files(maildir)) == 60


def test_a_full_disk_is_our_fault_and_leaves_nothing(maildir: Path) -> None:
    _send(maildir)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard))
    try:
        outcome = _send(maildir, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(outcome, Misconfigured)
    assert outcome.reply == f"maildir {maildir}: File too large: check the folder"
    assert len(_files(maildir)) == 1
    assert list(maildir.joinpath("tmp").iterdir()) == []
    assert isinstance(_send(maildir, 2), Accepted)


def test_a_folder_that_cannot_be_made_is_our_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    outcome = _send(tmp_path / "file" / "mail")
    assert isinstance(outcome, Misconfigured)
    assert "Not a directory" in outcome.reply


def test_nothing_is_made_before_the_first_message(maildir: Path) -> None:
    backend = MaildirBackend(maildir)
    list(backend.send([]))
    backend.close()
    assert not maildir.exists()
