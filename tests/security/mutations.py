"""Seeing that a test can fail: its control is taken away, and the test must notice."""

from collections.abc import Callable
from typing import Any

import pytest


def goes_red(check: Callable[[], None], patch: pytest.MonkeyPatch, **controls: Any) -> None:
    """Run a check with controls replaced, by dotted name with `__` for dots; it must fail."""
    for name, stand_in in controls.items():
        patch.setattr(name.replace("__", "."), stand_in)
    with pytest.raises((AssertionError, ValueError)):
        check()
