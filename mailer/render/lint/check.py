"""The front door of lint: a page, a message, or a template's mail, and everything found in it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from mailer.errors import InputError
from mailer.render.lint.contrast import check_contrast
from mailer.render.lint.documents import Page
from mailer.render.lint.findings import Finding, gathered
from mailer.render.lint.links import check_links
from mailer.render.lint.messages import check_message
from mailer.render.lint.promises import check_address, check_leaving
from mailer.render.lint.raw_messages import RawMessage
from mailer.render.lint.structure import check_size, check_structure
from mailer.render.lint.support import check_support
from mailer.render.lint.traps import check_traps


def lint_page(
    html: str, *, name: str, address_lines: Sequence[str] = (), owes_leaving: bool = True
) -> list[Finding]:
    """Return what is wrong with a page as it would be mailed; raises InputError when it is none.

    `address_lines` is the sender's postal address, if known; a mail that belongs to no list owes
    its reader no way to leave.
    """
    page = _page(html)
    found = [*check_size(len(html.encode("utf-8", "replace"))), *_check(page)]
    found += check_address(page, address_lines)
    if owes_leaving:
        found += check_leaving(page, None)
    return gathered(_named(found, name))


def lint_message(
    content: bytes, *, name: str, address_lines: Sequence[str] = (), source: Page | None = None
) -> list[Finding]:
    """Return what is wrong with a message: its lines and headers, then its HTML part.

    `source` is the page as its template gave it, whose lines an author knows; without one the HTML
    part is looked at, and lines are counted in it.
    """
    message = RawMessage(content)
    if not message.fields:
        raise InputError(f"'{name}' is no mail: it begins with no header field")
    found = list(_named(check_message(message), name))
    html = message.part("html")
    if html is None:
        return gathered(found)
    part = f"{name} (HTML part)" if source is None else name
    page = source or _page(html)
    mine = [*check_size(len(html.encode("utf-8", "replace"))), *_check(page)]
    mine += check_address(page, address_lines)
    if message.is_bulk:
        mine += check_leaving(page, message.part("plain"), message.unsubscribe_url)
    return gathered([*found, *_named(mine, part)])


def _page(html: str) -> Page:
    if "<" not in html:
        raise InputError("this is no HTML page: it has no tags")
    return Page(html)


def _check(page: Page) -> Iterator[Finding]:
    yield from check_support(page)
    yield from check_structure(page)
    yield from check_links(page)
    yield from check_contrast(page)
    if page.is_source:
        yield from check_traps(page)


def _named(findings: Iterable[Finding], name: str) -> Iterator[Finding]:
    for finding in findings:
        yield finding if finding.file else replace(finding, file=name)
