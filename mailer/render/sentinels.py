"""Marks that prove that nothing was lost between a template and the finished HTML (S11).

libxml2 silently drops what follows some 255 nested tags or a huge text, footer included. A mark is
letters and digits, so it survives inlining wherever text may stand; it is taken away afterwards.
"""

import re
from hashlib import sha256

from mailer.errors import RenderError


class Sentinels:
    """The marks of one mail. `seed` must be what no story can know: the delivery's key."""

    def __init__(self, seed: str) -> None:
        self._prefix = f"zq7x{sha256(seed.encode()).hexdigest()[:12]}n"
        self._expected: dict[int, str] = {}

    def mark(self, text: str, part: str) -> str:
        """Return the text with a mark at its end; `part` says what is lost when the mark is."""
        number = len(self._expected)
        self._expected[number] = part
        return f"{text}{self._prefix}{number}x"

    def close(self, html: str, template: str) -> str:
        """Return the rendered page with a mark at its very end."""
        head, tag, tail = html.rpartition("</body>")
        if not tag:
            raise RenderError(f"template '{template}' has no </body>: extend '_base/base.html'")
        return f"{head}<!--{self.mark('', 'the end of the page')}-->{tag}{tail}"

    def check(self, html: str, template: str) -> str:
        """Return the inlined page without marks; raises RenderError naming what was lost."""
        # A template may change the case of what it shows.
        pattern = re.compile(rf"(?:<!--)?{self._prefix}(\d+)x(?:-->)?", re.IGNORECASE)
        found = {int(number) for number in pattern.findall(html)}
        lost = [part for number, part in self._expected.items() if number not in found]
        if lost:
            raise RenderError(
                f"template '{template}' lost {', '.join(lost)}: show each of them once, and close "
                "every tag (what is nested deeper than 250 tags is dropped)"
            )
        return pattern.sub("", html)
