"""The workshop: what draws mails on the bench, made anew whenever a template was saved.

Measured on a digest of the seeds: 70 ms to read and draw a sample with templates that were not
read before, 15 ms afterwards; 400 ms for a reader's own mail, which is compiled as a run would.
"""

import time
from collections import OrderedDict
from threading import Lock
from typing import Annotated, Final, cast

from fastapi import Depends, Request

from mailer.bootstrap import Installation, fresh_desk, open_workbench
from mailer.web.dev.choices import Choice
from mailer.web.dev.sights import Sight, Tools, see

WORKSHOP: Final = "workshop"
# The frames of a page are asked right behind it. One that is opened by itself is drawn anew.
_KEPT_SECONDS = 30.0
_MOST_KEPT = 8


class Workshop:
    """Draws with the templates as they are saved now, what the frames of a page show only once."""

    def __init__(self, room: Installation) -> None:
        self._room = room
        self._bench = open_workbench(room.settings)
        self._lock = Lock()
        self._tools: Tools | None = None
        self._kept: OrderedDict[str, tuple[float, Sight]] = OrderedDict()

    def version(self) -> str:
        """Return a text that changes whenever a template is saved, made or removed."""
        return self._bench.version()

    def tools(self) -> Tools:
        """Return what draws with what is saved now."""
        with self._lock:
            # Asked before a template is read: one saved in between is a version of its own.
            version = self.version()
            if self._tools is None or self._tools.version != version:
                bench = open_workbench(self._room.settings)
                self._tools = Tools(version, bench, fresh_desk(self._room))
                self._kept.clear()
            return self._tools

    def draw(self, choice: Choice, *, with_lint: bool = False) -> Sight:
        """Return the sight of a choice as of now; raises InputError for what is not there."""
        tools = self.tools()
        sight = see(self._room, tools, choice, with_lint=with_lint)
        with self._lock:
            if self._tools is tools:
                self._kept[_key(choice)] = time.monotonic(), sight
                if len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        return sight

    def drawn(self, choice: Choice) -> Sight:
        """Return the sight that was drawn for the page a moment ago, else as `draw` does."""
        self.tools()
        with self._lock:
            at, sight = self._kept.get(_key(choice), (0.0, None))
        if sight is not None and time.monotonic() - at < _KEPT_SECONDS:
            return sight
        return self.draw(choice)


def _key(choice: Choice) -> str:
    return choice.query(pane="")


def workshop_of(request: Request) -> Workshop:
    """Return the workshop of the installation that is asked."""
    return cast("Workshop", getattr(request.app.state, WORKSHOP))


Using = Annotated[Workshop, Depends(workshop_of)]
