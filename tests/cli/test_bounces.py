"""`mailer bounces`, as typed: files, maildirs, mboxes, standard input."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from mailer.core.bounce_addresses import bounce_address
from mailer.core.tokens import Signer
from tests.bounces import shapes
from tests.cli.conftest import Mailer

DAY = "2026-10-22T07:00+09:00"


def sent_mail(mailer: Mailer) -> tuple[int, str]:
    """Send the seeds' digest; the id of one delivery and its reader."""
    slug = mailer("newsletters", "list", "--json").json[0]["slug"]
    assert mailer("send", slug, "daily", "--as-of", DAY, "--wait").code == 0
    first = mailer("deliveries", "list", "--json").json[0]
    return first["id"], first["email"]


def bounce_of(delivery_id: int, content: bytes) -> bytes:
    sealed = bounce_address(
        "bounces@news.example", delivery_id, Signer(("development-only-secret",))
    )
    return content.replace(shapes.TO.encode(), sealed.encode())


def test_a_maildir_is_read_and_reading_it_again_is_no_change(
    seeded: Mailer, tmp_path: Path
) -> None:
    delivery_id, email = sent_mail(seeded)
    for name in ("new", "cur", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    (tmp_path / "box" / "new" / "1.host").write_bytes(bounce_of(delivery_id, shapes.exchange()))
    (tmp_path / "box" / "cur" / "2.host:2,S").write_bytes(
        shapes.away("Out of office", "Precedence: bulk")
    )
    found = seeded("bounces", "ingest", str(tmp_path / "box"), "--json").json
    assert sorted((f["kind"], f["action"], f["new"]) for f in found) == [
        ("auto-reply", "recorded", True),
        ("hard", "suppressed", True),
    ]
    again = seeded("bounces", "ingest", str(tmp_path / "box"), "--json").json
    assert [f["new"] for f in again] == [False, False]
    assert seeded("readers", "show", email, "--json").json["suppressed"] is True
    listed = seeded("bounces", "list", "--kind", "hard", "--json").json
    assert [(b["email"], b["delivery"], b["proof"]) for b in listed] == [
        (email, delivery_id, "envelope")
    ]
    assert len(seeded("bounces", "list", "--reader", email, "--json").json) == 1


def test_an_mbox_comes_through_standard_input(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shapes.sendmail().replace(b"\r\n", b"\n")
    other = shapes.exim().replace(b"\r\n", b"\n") + b"\n>From the start\n"
    box = b"From x Tue\n" + one + b"\n\nFrom y Tue\n" + other + b"\n"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(box)))
    result = mailer("bounces", "ingest", "-")
    assert result.out.count("hard mina@reader.example: recorded: nothing proves") == 2
    assert result.err == "2 hard; 0 known already\n"


def test_what_is_not_there_changes_nothing(mailer: Mailer, tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(shapes.sendmail())
    result = mailer("bounces", "ingest", str(tmp_path / "one.eml"), "missing.eml")
    assert result.code == 2
    assert "cannot read 'missing.eml'" in result.err
    assert mailer("bounces", "list", "--json").json == []
    assert mailer("bounces", "list", "--kind", "odd").code == 2
    assert "MAILER_BOUNCE_IMAP_URL is not set" in mailer("bounces", "poll").err
