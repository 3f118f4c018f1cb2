"""Marks that prove that nothing was lost between a template and the finished HTML (S11).

libxml2 silently drops what follows some 255 nested tags or a huge text, footer included. A mark is
letters and digits, so it survives inlining wherever text may stand; it is taken away afterwards.
"""

import re
from dataclasses import replace
from secrets import token_hex

from mailer.errors import RenderError
from mailer.render.notice_views import NoticeView
from mailer.render.views import ItemView, MailView


class Sentinels:
    """The marks of one mail: random, so that no story can carry one, and gone in the end."""

    def __init__(self) -> None:
        self._prefix = f"zq7x{token_hex(8)}n"
        self._expected: dict[int, str] = {}

    def mark(self, view: MailView) -> MailView:
        """Return the view with marks on its stories, the unsubscribe link and the address."""
        sections = tuple(
            replace(section, items=tuple(map(self._mark_item, section.items)))
            for section in view.sections
        )
        items = tuple(item for section in sections for item in section.items)
        return replace(
            view,
            sections=sections,
            items=items,
            lead=items[0],
            unsubscribe_url=self._marked(view.unsubscribe_url, "the unsubscribe link"),
            address_lines=self._mark_address(view.address_lines),
        )

    def mark_notice(self, view: NoticeView) -> NoticeView:
        """Return the view of a notice with marks on its links and the address."""
        unsubscribe_url = view.unsubscribe_url
        if unsubscribe_url:
            unsubscribe_url = self._marked(unsubscribe_url, "the unsubscribe link")
        return replace(
            view,
            links={
                name: self._marked(url, f"the link '{name}'") for name, url in view.links.items()
            },
            unsubscribe_url=unsubscribe_url,
            address_lines=self._mark_address(view.address_lines),
        )

    def close(self, html: str, template: str) -> str:
        """Return the rendered page with a mark at its very end."""
        head, tag, tail = html.rpartition("</body>")
        if not tag:
            raise RenderError(f"template '{template}' has no </body>: extend '_base/base.html'")
        return f"{head}<!--{self._marked('', 'the end of the page')}-->{tag}{tail}"

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

    def _mark_address(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        return (*lines[:-1], *(self._marked(line, "the postal address") for line in lines[-1:]))

    def _mark_item(self, item: ItemView) -> ItemView:
        return replace(item, title=self._marked(item.title, f"the story '{item.title}'"))

    def _marked(self, text: str, part: str) -> str:
        number = len(self._expected)
        self._expected[number] = part
        return f"{text}{self._prefix}{number}x"
