"""Editions are compiled once, shared by all, and keep a mail's bytes."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from mailer.delivery.dkim import SigningBackend, read_dkim_signer
from mailer.delivery.dkim_keys import new_dkim_key
from mailer.delivery.memory import MemoryBackend
from mailer.flows.desk import Desk
from mailer.flows.preview_mail import rebuild_mail
from mailer.ports import Deferred, Message
from mailer.render.mail import Renderer
from mailer.render.sameness import difference
from mailer.store.database import Database
from mailer.store.edition_tables import editions
from mailer.store.editions import plain_reasons
from tests.delivery.test_dkim import verified
from tests.flows.conftest import MINUTE, NOON, Newsroom, make_newsroom

MINA, TOMAS = "mina@reader.example", "tomas@reader.example"


def another_desk(newsroom: Newsroom, templates: Path | None = None) -> Desk:
    """The desk of another process, perhaps with templates of its own."""
    desk = newsroom.desk
    renderer = Renderer(desk.site, desk.signer, overrides=templates, max_mail_bytes=102_400)
    return replace(desk, renderer=renderer)


def own_template(folder: Path, body: str) -> Path:
    (folder / "email" / "digest").mkdir(parents=True)
    (folder / "email" / "digest" / "body.html").write_text(body)
    return folder


def stored(newsroom: Newsroom) -> int:
    with newsroom.database.read() as connection:
        count: int = connection.execute(select(func.count()).select_from(editions)).scalar_one()
        return count


def followed(newsroom: Newsroom) -> None:
    for email in (MINA, TOMAS):
        newsroom.read_by(email)
        newsroom.follow(email, "china")
    newsroom.publish("one", "China")
    newsroom.publish("two", "China")


def test_a_retry_in_another_process_has_the_same_bytes_after_a_template_changed(
    newsroom: Newsroom, tmp_path: Path
) -> None:
    followed(newsroom)
    tried: dict[str, bytes] = {}

    def later(message: Message) -> Deferred:
        tried[message.message_id] = message.content
        return Deferred(451, "4.2.1 try later")

    newsroom.send(backend=MemoryBackend(answers=later))
    assert stored(newsroom) == 1
    newsroom.desk = another_desk(newsroom, own_template(tmp_path, "{% broken %}"))

    newsroom.deliver(NOON + timedelta(minutes=10))

    assert {m.message_id: m.content for m in newsroom.backend.messages} == tried
    assert stored(newsroom) == 1
    for row, message in zip(newsroom.deliveries(), newsroom.backend.messages, strict=True):
        assert rebuild_mail(newsroom.desk, row.id).content == message.content


def test_mails_of_a_template_that_cannot_be_cut_go_out_and_the_reason_is_kept(
    newsroom: Newsroom, tmp_path: Path
) -> None:
    followed(newsroom)
    body = (
        '{% extends "_base/base.html" %}{% block stories %}<tr><td>{% for i in mail.items %}'
        "<p class='{{ loop.cycle('a', 'b') }}'>{{ i.title }}</p>{% endfor %}</td></tr>"
        "{% endblock %}"
    )
    newsroom.desk = another_desk(newsroom, own_template(tmp_path, body))

    run = newsroom.send()

    assert len(newsroom.backend.messages) == 2
    with newsroom.database.read() as connection:
        reasons = plain_reasons(connection, run.id)
    ((locale, format, reason),) = reasons
    assert (locale, format) == ("en", "html")
    place = tmp_path / "email" / "digest" / "body.html"
    assert reason.startswith(f"{place}, line 1: it uses loop.cycle of its sections or stories: ")


def test_signatures_over_joined_mails_are_found_whole_by_another_verifier(
    newsroom: Newsroom,
) -> None:
    followed(newsroom)
    memory = MemoryBackend()
    signer = read_dkim_signer("news.example", "ed1", new_dkim_key(ed25519=True))
    assert signer is not None
    newsroom.send(backend=SigningBackend(memory, signer))
    assert stored(newsroom) == 1
    assert len(memory.messages) == 2
    for message in memory.messages:
        assert verified(message.content, signer) == [True]
        assert verified(message.content.replace(b"China", b"Chin4"), signer) == [False]


def test_compiled_and_plain_mails_say_the_same(newsroom: Newsroom) -> None:
    followed(newsroom)
    newsroom.send()
    with newsroom.database.write() as connection:
        connection.execute(editions.delete())
    for row, message in zip(newsroom.deliveries(), newsroom.backend.messages, strict=True):
        # Nothing is compiled any more: rebuilt the plain way.
        assert difference(rebuild_mail(newsroom.desk, row.id).content, message.content) == ""


def test_a_worker_that_lives_through_a_restore_mails_what_the_database_says(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    desk: Desk | None = None
    for name, since in (("Before", MINUTE), ("After", 2 * MINUTE)):
        path = tmp_path / f"{name}.db"
        shutil.copyfile(migrated_sqlite, path)
        database = Database.open(f"sqlite:///{path}")
        newsroom = make_newsroom(database)
        if desk is not None:
            # What it keeps in memory is of the other database, which had the same numbers.
            newsroom.desk = replace(desk, database=database)
        desk = newsroom.desk
        newsroom.read_by(MINA)
        newsroom.follow(MINA, "china")
        newsroom.publish("one", "China", title=f"{name} the restore", at=NOON - since)

        assert newsroom.send().id == 1

        [mail] = newsroom.backend.messages
        told = [word for word in (b"Before", b"After") if word in mail.content]
        assert told == [name.encode()]
        database.close()
