"""Mails that leave by Postmark carry what its notices hand back."""

from email import message_from_bytes
from pathlib import Path

from mailer.bootstrap import open_installation
from mailer.bounces.notices.postmark import read_postmark
from mailer.core.bounce_addresses import bounced_delivery
from mailer.delivery.marking import MarkingBackend
from mailer.delivery.memory import MemoryBackend
from mailer.ports import Message
from mailer.settings import Settings
from tests.bounces.service_shapes import postmark

_MAIL = Message(12, "a@news.example", "b@reader.example", "<1@x>", b"Subject: Hi\r\n\r\nBody\r\n")


def test_the_mark_comes_back_as_the_delivery(tmp_path: Path) -> None:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'm.db'}",
        backend="memory",
        hook_postmark="hooks:k9",  # type: ignore[arg-type]  # pydantic makes a secret of it
    )
    room = open_installation(settings)
    backend = room.open_backend()
    assert isinstance(backend, MarkingBackend)
    list(backend.send([_MAIL]))
    inner = backend._inner
    assert isinstance(inner, MemoryBackend)
    (sent,) = inner.messages
    read = message_from_bytes(sent.content)
    assert (read["Subject"], read.get_payload(), sent.message_id) == ("Hi", "Body\r\n", "<1@x>")
    assert read["X-PM-KeepID"] == "true"
    # As Postmark hands it back: names in lower case, at most 80 characters.
    mark = read["X-PM-Metadata-delivery"]
    assert len(mark) <= 80
    (report,) = read_postmark(postmark(Metadata={"delivery": mark})).reports
    assert [bounced_delivery(each, room.desk.signer) for each in report.addresses] == [12]
    room.close()


def test_without_postmarks_hook_mails_leave_as_they_are(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'm.db'}", backend="memory")
    room = open_installation(settings)
    assert isinstance(room.open_backend(), MemoryBackend)
    room.close()
