"""S25: every field and body has its cap, and no pattern takes long on what is made for it."""

import time
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from mailer.bounces.reading import read_report
from mailer.core.addresses import read_address
from mailer.core.expression_parser import parse
from mailer.core.tags import Vocabulary, slugify
from mailer.core.tokens import Purpose, Signer
from mailer.errors import MailerError
from mailer.ingest.documents import read_document
from tests.security.mutations import goes_red
from tests.web.conftest import client, open_room, room

__all__ = ["client", "open_room", "room"]

_MOST_SECONDS = 5.0
_READERS: dict[str, Callable[[str], object]] = {
    "address": read_address,
    "expression": lambda text: parse(text, Vocabulary([])),
    "token": lambda text: Signer(("secret",)).read(Purpose.CONFIRM, text),
    "tag": slugify,
    "report": lambda text: read_report(f"Subject: failed\n\n{text}".encode()),
    "page": lambda text: read_document(text.encode(), name="x"),
}
_PIECES = ("a", " ", "(", "!", "a@", "<a ", "&#", "a.", "=?", '"', "a & ", "\n", "-", "é")


@pytest.mark.parametrize("name", _READERS)
def test_s25_no_pattern_takes_long(name: str) -> None:
    began = time.process_time()
    for piece in _PIECES:
        try:
            _READERS[name](piece * (200_000 // len(piece)))
        except MailerError:
            continue
    assert time.process_time() - began < _MOST_SECONDS


def _check(client: TestClient) -> None:
    huge = {"email": "a" * 5_000, "newsletter": "x"}
    answer = client.post("/subscribe", data=huge)
    assert answer.status_code == 422
    assert "at most 4,000 characters" in answer.text
    assert client.post("/subscribe", data={"email": "a" * 100_000}).status_code == 413
    body = iter([b"email=", *[b"a" * 10_000] * 20])
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/subscribe", content=body, headers=kind).status_code == 413
    assert client.get("/archive?" + "q=a&" * 3_000).status_code < 500


def test_s25_every_field_and_body_has_its_cap(client: TestClient) -> None:
    _check(client)


def test_s25_goes_red_without_a_cap_on_fields(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_red(lambda: _check(client), monkeypatch, mailer__web__visits__LONGEST_FIELD=10**9)
