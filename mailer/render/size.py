"""How much of its room a mail takes, drawn as bars."""

from collections.abc import Iterator
from typing import Final

from mailer.render.lint.structure import CLIP_BYTES

_MOST_CELLS: Final = 30
_FEWEST_CELLS: Final = 6
# What stands around a bar: "message  1234.5 KB of 1234 KB", and behind it what the limit means.
_NUMBERS, _MEANING = 28, 20


def size_bar(
    message_bytes: int, html_bytes: int, limit_kb: int, *, width: int = 80
) -> Iterator[str]:
    """Yield a line for the whole message against our limit, and one for Gmail's clip.

    In a terminal that is narrow, bars are shorter and the meaning of a limit is left out.
    """
    yield _bar("message", message_bytes, limit_kb * 1024, "MAILER_MAX_MAIL_KB", width)
    if html_bytes:
        yield _bar("HTML", html_bytes, CLIP_BYTES, "where Gmail clips", width)


def _bar(name: str, size: int, limit: int, meaning: str, width: int) -> str:
    share = size / limit
    room = width - _NUMBERS
    has_meaning = room >= _MEANING + _FEWEST_CELLS
    cells = max(min(room - _MEANING * has_meaning, _MOST_CELLS), _FEWEST_CELLS)
    full = min(round(share * cells), cells)
    bar = "█" * full + "░" * (cells - full)
    said = f", {meaning}" if has_meaning else ""
    over = ": too large" if share > 1 else ""
    return f"{name:<8}{bar} {size / 1024:.1f} KB of {limit / 1024:.0f} KB{said}{over}"
