"""Which features of HTML and CSS a page uses, by the names of caniemail.com."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from lxml.html import HtmlElement

from mailer.render.lint.documents import Page, line_of, style_of
from mailer.render.lint.style_sheets import Declaration, Rule


@dataclass(frozen=True, slots=True)
class Use:
    """One use. `is_guarded` when a client that knows it not skips the whole block around it."""

    slug: str
    line: int
    shown: str
    is_guarded: bool = False


_GROUPS = {
    "header": "semantics", "footer": "semantics", "nav": "semantics", "main": "semantics",
    "section": "semantics", "article": "semantics", "aside": "semantics", "figure": "semantics",
    "figcaption": "semantics", "mark": "semantics", "time": "semantics",
    "ul": "lists", "ol": "lists", "li": "lists", "dl": "lists",
    "map": "image-maps", "area": "image-maps", "s": "strike", "b": "strong",
    "embed": "object", "td": "table", "th": "table", "tr": "table",
    **{f"h{level}": "h1-h6" for level in range(1, 7)},
}  # fmt: skip
_ATTRIBUTES = {
    "align", "background", "cellpadding", "cellspacing", "dir", "height", "hidden", "lang",
    "role", "required", "srcset", "target", "valign", "width", "aria-describedby", "aria-hidden",
    "aria-label", "aria-labelledby", "aria-live", "popover",
}  # fmt: skip
_RENAMED_ATTRIBUTES = {"loading": "html-loading-attribute", "inert": "css-inert-attribute"}
_FORMATS = {
    "apng", "avif", "bmp", "gif", "hdr", "heif", "ico", "jpg", "mp4", "png", "svg", "tiff", "webp",
}  # fmt: skip
_LONGHANDS = {
    "top": "left-right-top-bottom", "right": "left-right-top-bottom",
    "bottom": "left-right-top-bottom", "left": "left-right-top-bottom",
    "grid-template-columns": "grid-template", "grid-template-rows": "grid-template",
    "row-gap": "gap", "column-gap": "gap", "grid-gap": "gap", "columns": "column-count",
    "mask": "mask-image", "-webkit-mask-image": "mask-image", "hyphens": "hyphens",
}  # fmt: skip
_FAMILIES = ("border", "padding", "margin", "background", "list-style", "animation", "transition")
_LOGICAL = re.compile(r"(margin|padding|border)-(inline|block)(-start|-end)?")
_VALUES = {
    "css-linear-gradient": r"\blinear-gradient\(", "css-radial-gradient": r"\bradial-gradient\(",
    "css-conic-gradient": r"\bconic-gradient\(", "css-unit-calc": r"\bcalc\(",
    "css-function-clamp": r"\bclamp\(", "css-function-max": r"\bmax\(",
    "css-function-min": r"\bmin\(", "css-function-light-dark": r"\blight-dark\(",
    "css-variables": r"\bvar\(", "css-rgba": r"\brgba\(", "css-rgb": r"\brgb\(\s*\d+\s*,",
    "css-modern-color": r"\b(?:oklch|oklab|lab|lch|hwb|color)\(|\brgb\([^),]*\s[^),]*\)",
    "css-unit-initial": r"^initial$", "css-sytem-ui": r"\bsystem-ui\b",
    "css-intrinsic-size": r"\b(?:min|max|fit)-content\b",
}  # fmt: skip
_UNITS = re.compile(r"(?<![\w#.-])-?[\d.]+(ch|cm|em|ex|in|mm|pc|pt|px|rem|vh|vmax|vmin|vw|%)(?!\w)")
_GUARDS = ("@media", "@supports")
_MEDIA = {
    "css-at-media-prefers-color-scheme": "prefers-color-scheme",
    "css-at-media-prefers-reduced-motion": "prefers-reduced-motion",
    "css-at-media-device-pixel-ratio": "pixel-ratio", "css-at-media-hover": "(hover",
    "css-at-media-orientation": "orientation",
}  # fmt: skip


def uses(page: Page) -> Iterator[Use]:
    """Yield every use, with repetitions."""
    for element in page.elements():
        yield from _of_element(element)
        for declaration in style_of(element):
            yield from _of_declaration(declaration, is_guarded=False)
    for is_inlined, rules in page.sheets:
        for rule in rules:
            yield from _of_rule(rule, is_inlined=is_inlined)


def _of_element(element: HtmlElement) -> Iterator[Use]:
    tag, line = str(element.tag).lower(), line_of(element)
    kind = (element.get("type") or "").lower()
    slug = {"input": f"input-{kind or 'text'}", "button": f"button-{kind or 'submit'}"}.get(
        tag, _GROUPS.get(tag, tag)
    )
    yield Use(f"html-{slug}", line, f"<{tag}>")
    for attribute, value in element.attrib.items():
        name = str(attribute).lower()
        if name in _ATTRIBUTES:
            yield Use(f"html-{name}", line, f"{name}=")
        elif name in _RENAMED_ATTRIBUTES:
            yield Use(_RENAMED_ATTRIBUTES[name], line, f"{name}=")
        if name == "href" and tag == "a":
            if value.startswith("#") and len(value) > 1:
                yield Use("html-anchor-links", line, f'href="{value}"')
            elif value.lower().startswith("mailto:"):
                yield Use("html-mailto-links", line, "mailto:")
    if tag == "meta" and (element.get("name") or "").lower() == "color-scheme":
        yield Use("html-meta-color-scheme", line, '<meta name="color-scheme">')
    if tag in ("img", "source", "image"):
        yield from _of_picture(element.get("src") or element.get("srcset") or "", line)


def _of_picture(address: str, line: int) -> Iterator[Use]:
    if address.lower().startswith("data:"):
        yield Use("image-base64", line, "a picture inside the page (data:)")
        return
    path = re.split(r"[?#\s]", address, maxsplit=1)[0]
    suffix = path.rpartition(".")[2].lower()
    suffix = {"jpeg": "jpg", "heic": "heif", "tif": "tiff"}.get(suffix, suffix)
    if suffix in _FORMATS:
        yield Use(f"image-{suffix}", line, f"a .{suffix} picture")


def _of_rule(rule: Rule, *, is_inlined: bool) -> Iterator[Use]:
    is_guarded = any(outer.lower().startswith(_GUARDS) for outer in rule.within)
    selector = rule.selector
    if selector.startswith("@"):
        name = selector.split()[0].split("(")[0].lower()
        yield Use(f"css-at-{name[1:].removeprefix('-webkit-')}", rule.line, name, is_guarded=True)
        if name == "@media":
            for slug, word in _MEDIA.items():
                if word in selector:
                    yield Use(slug, rule.line, selector, is_guarded=True)
    elif not is_inlined:
        for slug in _of_selector(selector):
            yield Use(slug, rule.line, selector, is_guarded)
    for declaration in rule.declarations:
        yield from _of_declaration(declaration, is_guarded=is_guarded)


def _of_selector(selector: str) -> Iterator[str]:
    for name in re.findall(r"::?([a-z-]+)", selector):
        kind = "element" if name in _PSEUDO_ELEMENTS else "class"
        yield f"css-pseudo-{kind}-{name}"
    bare = re.sub(r"::?[a-z-]+(?:\([^)]*\))?", "", selector)
    if "[" in bare:
        yield "css-selector-attribute"
        bare = re.sub(r"\[[^\]]*\]", "", bare)
    for slug, pattern in _SELECTORS.items():
        if re.search(pattern, bare.strip()):
            yield slug


_PSEUDO_ELEMENTS = {"after", "before", "first-letter", "first-line", "marker", "placeholder"}
_SELECTORS = {
    "css-selector-class": r"\.[\w-]",
    "css-selector-id": r"#[\w-]",
    "css-selector-child": ">",
    "css-selector-adjacent-sibling": r"\+",
    "css-selector-general-sibling": "~",
    "css-selector-universal": r"\*",
    "css-selector-grouping": ",",
    "css-selector-chaining": r"\.[\w-]+[.#]",
    "css-selector-descendant": r"[\w\])*]\s+[\w.#*\[]",
    "css-selector-type": r"(?:^|[\s>+~,])[a-z]",
}


def _of_declaration(declaration: Declaration, *, is_guarded: bool) -> Iterator[Use]:
    shown = f"{declaration.name}: {declaration.value}"
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    for slug in _slugs(declaration.name, declaration.value.lower()):
        yield Use(slug, declaration.line, shown, is_guarded)
    if declaration.is_important:
        yield Use("css-important", declaration.line, shown, is_guarded)


@lru_cache(maxsize=8192)
def _slugs(name: str, value: str) -> tuple[str, ...]:
    if name.startswith(("mso-", "-ms-", "-moz-", "-webkit-", "-apple-")):
        return ()
    if name.startswith("--"):
        return ("css-variables",)
    slugs = [*_of_property(name, value)]
    slugs += [slug for slug, pattern in _VALUES.items() if re.search(pattern, value)]
    units = sorted(set(_UNITS.findall(value)))
    slugs += [f"css-unit-{'percent' if unit == '%' else unit}" for unit in units]
    return tuple(slugs)


def _of_property(name: str, value: str) -> Iterator[str]:
    if name == "display":
        kind = value.removeprefix("inline-").split()[0] if value else ""
        yield f"css-display-{kind}" if kind in ("flex", "grid", "none") else "css-display"
    elif logical := _LOGICAL.match(name):
        yield f"css-{logical[1]}-inline-block"
        yield f"css-{logical[1]}-{logical[2]}-start-end"
    else:
        yield f"css-{_LONGHANDS.get(name, name)}"
        for family in _FAMILIES:
            if name.startswith(f"{family}-"):
                yield f"css-{family}"
