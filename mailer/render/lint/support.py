"""What mail clients show of a page: caniemail's facts, and what they mean for a mail.

Facts say yes, partly, no or unknown for each client. What a "no" costs is judged here: a feature
that carries content or layout is an error where a reader's client lacks it, a mere refinement is a
note, and so is whatever stands in a block that such clients skip as a whole.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from mailer.render.lint.documents import Page
from mailer.render.lint.features import Use, uses
from mailer.render.lint.findings import Finding, Level

# Most readers of news are here; an error is only what one of these lacks.
REQUIRED: Final = ("gmail", "outlook", "apple-mail", "yahoo", "samsung-email", "thunderbird")
# Withdrawn by Microsoft at the end of 2024.
_GONE: Final = frozenset({"outlook.windows-mail"})
_PLATFORMS: Final = {
    "android": "Android", "desktop-webmail": "web", "ios": "iOS", "macos": "macOS",
    "mobile-webmail": "mobile web", "outlook-com": "web", "windows": "classic, Windows",
}  # fmt: skip

_BREAKS: Final = re.compile(
    r"css-(?:display-(?:flex|grid)|position|left-right-top-bottom|inset|variables|at-import|nesting"
    r"|function-.*|modern-color|grid-template|transform|writing-mode|mask-image|clip-path|float)"
    r"|html-(?:form|select|textarea|input-.*|button-.*|audio|video|object|svg|link|base|dialog"
    r"|popover|picture|image-maps|marquee|meter|progress|iframe)"
    r"|image-(?:svg|base64|webp|avif|heif|tiff|hdr|mp4|ico)"
)
_REFINES: Final = re.compile(
    r"css-(?:text-.*|font-(?!size$).*|border-radius.*|box-shadow|outline.*|pseudo-.*|selector-.*"
    r"|transition|animation|at-(?:media.*|supports|keyframes|font-face)|letter-spacing|word-.*"
    r"|overflow.*|hyphen.*|opacity|color-scheme|cursor|orphans|widows|white-space.*|display-none"
    r"|max-height|visibility|user-select|important|comments|border-collapse|unit-percent)"
    r"|html-(?:style|meta-color-scheme|aria-.*|role|lang|dir|doctype|body|target|hidden|abbr|wbr"
    r"|semantics|loading-attribute|anchor-links|height)"
)
_MENDS: Final = {
    "css-display-flex": "lay out with <table role=\"presentation\">",
    "css-display-grid": "lay out with <table role=\"presentation\">",
    "css-float": "put what stands side by side into cells of a table",
    "css-position": "put it into a cell of a table",
    "css-variables": "write the value itself: the whole declaration is dropped",
    "css-max-width": "wrap the table in a ghost table: <!--[if mso]><table width=\"600\"…>",
    "css-background-image": "give the cell a bgcolor as well; a picture behind text needs VML",
    "css-rgba": "write the colour as #rrggbb, mixed with what is behind it",
    "css-unit-rem": "write pixels",
    "html-form": "link to a page with the form",
    "html-svg": "use a .png picture",
    "html-link": "put the styles into a <style> block of the page",
    "html-video": "show a picture that links to the film",
    "html-audio": "link to the recording",
    "image-base64": "put the picture on a server and link to it by https",
    "image-svg": "use a .png picture",
    "image-webp": "use a .jpg or .png picture",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """Caniemail's facts: for each feature a title, and the clients that lack it."""

    updated_on: str
    families: Mapping[str, str]
    titles: Mapping[str, str]
    lacking: Mapping[str, tuple[str, ...]]


@cache
def read_table() -> Table:
    """Return the table that travels with this package."""
    path = Path(__file__).with_name("caniemail.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    return Table(
        data["updated_on"],
        data["families"],
        {slug: feature["title"] for slug, feature in data["features"].items()},
        {
            slug: tuple(
                client
                for client, letter in zip(data["clients"], feature["support"], strict=True)
                if letter == "n" and client not in _GONE
            )
            for slug, feature in data["features"].items()
        },
    )


def check_support(page: Page) -> Iterator[Finding]:
    """Yield what some client does not show, each feature once."""
    by_slug: dict[str, list[Use]] = {}
    for use in uses(page):
        if _lacking(use.slug, page):
            by_slug.setdefault(use.slug, []).append(use)
    for slug, found in by_slug.items():
        if finding := _judge(slug, found, page):
            yield finding


def client_name(client: str) -> str:
    """Return how people call a client: 'Outlook (classic, Windows)'."""
    family, _, platform = client.partition(".")
    return f"{read_table().families.get(family, family)} ({_PLATFORMS.get(platform, platform)})"


def _judge(slug: str, found: list[Use], page: Page) -> Finding | None:
    lacking = _lacking(slug, page)
    bare = [use for use in found if not use.is_guarded]
    is_required = any(client.partition(".")[0] in REQUIRED for client in lacking)
    first = (bare or found)[0]
    return Finding(
        f"support/{slug}",
        _level(slug, is_bare=bool(bare), is_required=is_required),
        f"{first.shown} is not supported everywhere ({read_table().titles[slug]})",
        _MENDS.get(slug, f"see https://www.caniemail.com/features/{slug}/"),
        first.line,
        clients=lacking,
        count=len(found),
    )


def _lacking(slug: str, page: Page) -> tuple[str, ...]:
    lacking = read_table().lacking.get(slug, ())
    if slug == "css-max-width" and not re.search(r"<table[^>]*\bwidth=", page.outlook_html):
        # "Partly" in the table: classic Outlook knows it for tables alone. A ghost table mends it.
        return (*lacking, "outlook.windows")
    return lacking


def _level(slug: str, *, is_bare: bool, is_required: bool) -> Level:
    if not is_bare or not is_required or _REFINES.fullmatch(slug):
        return Level.NOTE
    return Level.ERROR if _BREAKS.fullmatch(slug) else Level.WARN


def families_of(clients: Iterable[str]) -> tuple[str, ...]:
    """Return the families of clients, those with most readers first."""
    found = {client.partition(".")[0] for client in clients}
    order = [*REQUIRED, *(family for family in read_table().families if family not in REQUIRED)]
    return tuple(family for family in order if family in found)
