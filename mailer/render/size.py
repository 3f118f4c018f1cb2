"""How much of its room a mail takes, drawn as bars."""

from collections.abc import Iterator
from typing import Final

from mailer.render.lint.structure import CLIP_BYTES

_CELLS: Final = 30


def size_bar(message_bytes: int, html_bytes: int, limit_kb: int) -> Iterator[str]:
    """Yield a line for the whole message against our limit, and one for Gmail's clip."""
    yield _bar("message", message_bytes, limit_kb * 1024, "MAILER_MAX_MAIL_KB")
    if html_bytes:
        yield _bar("HTML", html_bytes, CLIP_BYTES, "where Gmail clips")


def _bar(name: str, size: int, limit: int, meaning: str) -> str:
    share = size / limit
    full = min(round(share * _CELLS), _CELLS)
    bar = "█" * full + "░" * (_CELLS - full)
    over = ": too large" if share > 1 else ""
    return f"{name:<8}{bar} {size / 1024:.1f} KB of {limit / 1024:.0f} KB, {meaning}{over}"
