"""Stamps: an operator's letter drawn once for all its readers, then stamped for each.

A template and the inliner take milliseconds a mail, a stamp microseconds. What differs from reader
to reader is her name, her address and her two links; where they go stand numbers until then.
"""

from collections.abc import Hashable
from dataclasses import replace
from html import escape
from threading import Lock
from typing import Final

from mailer.core.notices import Notice
from mailer.render.environment import Templates
from mailer.render.notice_pages import draw_notice
from mailer.render.notice_views import NoticeView, written_to
from mailer.render.pages import Mail

# Letters drawn are kept up to this many: each in some locales and formats, with and without name.
_MOST: Final = 200
_HOST: Final = "https://stamp.invalid"


class Stamps:
    """Draws letters with these templates; may be used by several threads."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._drawn: dict[Hashable, Mail] = {}
        self._drawing = Lock()

    def draw(self, notice: Notice, view: NoticeView) -> Mail:
        """Return the mail of a reader; raises RenderError as `draw_notice` does."""
        stand_in = _stand_in(notice, view)
        dress = (notice.newsletter, notice.locale, notice.format)
        key = (notice.written, dress, view.day, bool(view.name))
        with self._drawing:
            drawn = self._drawn.get(key)
            if drawn is None:
                drawn = draw_notice(self._templates, notice, stand_in)
                if len(self._drawn) >= _MOST:
                    self._drawn.clear()
                self._drawn[key] = drawn
        own = [
            (stand_in.unsubscribe_url, view.unsubscribe_url),
            (stand_in.preferences_url, view.preferences_url),
            (stand_in.email, view.email),
            (stand_in.name, view.name),
        ]
        text, html = drawn.text, drawn.html
        for mark, value in own:
            if mark:
                text = text.replace(mark, value)
                html = html.replace(mark, escape(value))
        return replace(drawn, text=text, html=html)


def _stand_in(notice: Notice, view: NoticeView) -> NoticeView:
    """Return the view of nobody in particular. Digits stay as they are in capitals and in HTML."""
    marker = notice.written.marker if notice.written is not None else ""
    name = marker if view.name else ""
    subject, text, html = written_to(notice.written, name)
    return replace(
        view,
        name=name,
        email=f"8{marker[1:]}",
        unsubscribe_url=f"{_HOST}/{marker}1" if view.unsubscribe_url else "",
        preferences_url=f"{_HOST}/{marker}2" if view.preferences_url else "",
        written_subject=subject,
        written_text=text,
        written_html=html,
    )
