"""S11: no story's HTML takes the rest of a mail with it, however deep or long it is."""

import re

import pytest

from mailer.ingest.sanitize import clean_html
from tests.security.mutations import goes_red

_DEEP = "<blockquote>" * 300 + "<b><i>deep</i></b>" + "</blockquote>" * 300 + "<p>tail</p>"
_LONG = "<p>" + "word " * 3_000_000 + "</p><p>after</p>"
_LINKS = "".join(f'<a href="https://x.example/{n}">{n}</a> ' for n in range(200))


def _check() -> None:
    deep = clean_html(_DEEP)
    assert "deep" in deep
    assert "<p>tail</p>" in deep
    depth = most = 0
    for end in re.findall(r"<(/?)\w+[^>]*>", deep):
        depth += -1 if end else 1
        most = max(most, depth)
    assert depth == 0
    assert most <= 64
    assert len(clean_html(_LONG).encode()) <= 64 * 1024
    assert clean_html(_LINKS).count("<a ") == 50
    assert (
        clean_html('<p onclick=x()>a<script>b</script><a href="javascript:c">d</a>') == "<p>ad</p>"
    )


def test_s11_a_story_keeps_its_end_within_its_caps() -> None:
    _check()


@pytest.mark.parametrize(
    ("control", "stand_in"),
    [
        ("mailer__ingest__blocks__MAX_DEPTH", 1000),
        ("mailer__ingest__sanitize__MAX_BYTES", 10**9),
        ("mailer__ingest__sanitize__MAX_LINKS", 1000),
    ],
)
def test_s11_goes_red_without_a_cap(
    control: str, stand_in: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_red(_check, monkeypatch, **{control: stand_in})
