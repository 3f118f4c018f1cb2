"""docs/hooks.md keeps its word: its example tells our messages from forged ones."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailer.core.webhooks import EventKind, secret_of, signed_headers

_TEXT = (Path(__file__).parent.parent / "docs" / "hooks.md").read_text(encoding="utf-8")
_SECRET, _OTHER = secret_of(bytes(range(32))), secret_of(bytes(32))
_BODY = '{"type":"run.paused","data":{"reason":"é"}}'.encode()

_Check = Callable[[str, dict[str, str], bytes], bool]


@pytest.fixture
def is_genuine() -> _Check:
    """The example, as a reader of the page copies it."""
    (code,) = re.findall(r"```python\n(.*?)```", _TEXT, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/hooks.md", "exec"), names)
    check: _Check = names["is_genuine"]
    return check


def signed(*secrets: str, ago: timedelta = timedelta()) -> dict[str, str]:
    now = datetime.fromtimestamp(time.time(), UTC) - ago
    return signed_headers(secrets, "msg_1_1", _BODY, now)


def test_the_example_believes_what_we_sign(is_genuine: _Check) -> None:
    assert is_genuine(_SECRET, signed(_SECRET), _BODY)
    # While a secret is replaced, either of them opens.
    both = signed(_OTHER, _SECRET)
    assert is_genuine(_SECRET, both, _BODY)
    assert is_genuine(_OTHER, both, _BODY)


def test_the_example_believes_nothing_else(is_genuine: _Check) -> None:
    assert not is_genuine(_OTHER, signed(_SECRET), _BODY)
    assert not is_genuine(_SECRET, signed(_SECRET), _BODY + b" ")
    assert not is_genuine(_SECRET, signed(_SECRET) | {"webhook-id": "msg_2_1"}, _BODY)
    assert not is_genuine(_SECRET, signed(_SECRET, ago=timedelta(minutes=6)), _BODY)


def test_every_event_is_described() -> None:
    told = set(re.findall(r"`([a-z]+\.[a-z]+)`", _TEXT))
    assert {kind.value for kind in EventKind} <= told
