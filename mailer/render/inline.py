"""Inlining styles, because many mail clients ignore style sheets. The one owner of premailer.

What premailer would drop, fetch or crash on is refused before, with the mend. A block marked
`<style data-premailer="ignore">` stays as it is: the place for rules that cannot be inlined.
"""

import logging
import re
from typing import Final

from lxml import etree

from mailer.errors import RenderError

_STYLE: Final = re.compile(r"<style\b([^>]*)>(.*?)</style\s*>", re.IGNORECASE | re.DOTALL)
_CSS_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_NOT_INLINED: Final = re.compile(r"@(font-face|supports|keyframes|layer|container)\b", re.I)


def inline(html: str, template: str) -> str:
    """Return the page with its styles in `style` attributes; nothing is fetched.

    `template` names the page in errors. Raises RenderError for what would be lost or fetched.
    """
    _refuse_traps(html, template)
    try:
        return _transform(html)
    except (etree.LxmlError, AttributeError, AssertionError, ValueError, TypeError) as error:
        raise RenderError(
            f"template '{template}' cannot be inlined: {type(error).__name__}: {error}"
        ) from error


def _fetch_nothing(_url: str) -> None:
    """Stand in for the fetcher of cssutils: a style sheet never makes us ask a server (S12)."""


def _transform(html: str) -> str:
    # With what they import, 0.3 s of processor time: only who composes mail waits for it.
    import cssutils  # noqa: PLC0415
    from premailer import Premailer  # noqa: PLC0415

    cssutils.util._defaultFetcher = _fetch_nothing
    premailer = Premailer(
        allow_network=False,
        allow_loading_external_files=False,
        # Else it takes !important from the rules for dark and small screens, which then lose.
        strip_important=False,
        disable_validation=True,
        # Global to the process; it would write a line for each property it has never heard of.
        cssutils_logging_level=logging.CRITICAL,
        align_floating_images=False,
        disable_basic_attributes=["width", "height", "align", "valign", "bgcolor"],
        keep_style_tags=False,
        remove_classes=False,
        include_star_selectors=False,
        exclude_pseudoclasses=True,
        disable_leftover_css=False,
        cache_css_parsing=True,
        method="html",
        base_url=None,
    )
    return str(premailer.transform(html, pretty_print=False))


def _refuse_traps(html: str, template: str) -> None:
    if re.search(r"<link\b", html, re.IGNORECASE):
        raise RenderError(
            f"template '{template}' has a <link>: put the styles into a <style> block of the page"
        )
    for attributes, text in _STYLE.findall(html):
        css = _CSS_COMMENT.sub("", text)
        if re.search(r"@import\b", css, re.IGNORECASE):
            raise RenderError(
                f"template '{template}' has an @import: copy the imported rules into its <style>"
            )
        if "data-premailer" in attributes:
            continue
        if found := _NOT_INLINED.search(css):
            raise RenderError(
                f"template '{template}': {found[0]} would be dropped: move it into a "
                '<style data-premailer="ignore">'
            )
        if _has_nested_media(css):
            raise RenderError(
                f"template '{template}' has @media inside @media: join them with 'and'"
            )


def _has_nested_media(css: str) -> bool:
    depth = 0
    within: list[int] = []
    for found in re.finditer(r"@media\b|[{}]", css, re.IGNORECASE):
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            depth -= 1
            if within and depth <= within[-1]:
                within.pop()
        elif within:
            return True
        else:
            within.append(depth)
    return False
