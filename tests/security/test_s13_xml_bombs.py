"""S13: a feed that grows or names files stays small and reads none (CVE-2012-2921)."""

from pathlib import Path

import pytest

from mailer.errors import MailerError
from mailer.ingest.documents import read_document
from mailer.ingest.feeds import read_feed
from tests.security.mutations import goes_red

_ITEM = "\n<rss version='2.0'><channel><item><title>{0}</title></item></channel></rss>"


def _titles(feed: str) -> list[str]:
    try:
        return [draft.title for draft in read_document(feed.encode(), name="x").drafts]
    except MailerError:
        return []


def _check(folder: Path) -> None:
    assert _titles('<!DOCTYPE rss [\n<!ENTITY y "grown">\n]>' + _ITEM.format("a &y; b")) != [
        "a grown b"
    ]
    secret = folder / "secret.txt"
    secret.write_text("treasure")
    outside = f'<!DOCTYPE r [<!ENTITY y SYSTEM "file://{secret}">]>' + _ITEM.format("&y;")
    assert "treasure" not in "".join(_titles(outside))
    grown = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE r [<!ENTITY a0 "ha">{grown}]>' + _ITEM.format("&a11;")
    assert sum(map(len, _titles(bomb))) < 1000


def test_s13_no_entity_grows_and_no_file_is_read(tmp_path: Path) -> None:
    _check(tmp_path)


def test_s13_goes_red_when_document_types_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_red(
        lambda: _check(tmp_path),
        monkeypatch,
        mailer__ingest__feeds__from_the_root=lambda text: text.encode(),
    )


def test_s13_a_parser_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(MailerError, match="took more than"):
        read_feed(_ITEM.format("a"), name="x", seconds=0.001)
