"""Traps of inlining: what a template may not have, for it would be lost or win wrongly."""

import re
from collections.abc import Iterator

from mailer.render.lint.documents import Page
from mailer.render.lint.findings import Finding, Level
from mailer.render.lint.style_sheets import Rule

_IGNORED = '<style data-premailer="ignore">'
_DROPPED = ("@font-face", "@supports", "@keyframes", "@-webkit-keyframes", "@layer", "@container")
_POSITIONAL = re.compile(r":(?:nth|first|last|only)-|[+~]")
_SHORTHANDS = ("margin", "padding", "border", "font", "background", "list-style")


def check_traps(page: Page) -> Iterator[Finding]:
    """Yield the traps of a page whose styles will still be inlined."""
    for found in re.finditer(r"<link\b[^>]*stylesheet", page.html, re.IGNORECASE):
        yield Finding(
            "trap/link",
            Level.ERROR,
            "a <link> to a style sheet is never fetched",
            "put the styles into a <style> block",
            page.line_at(found.start()),
        )
    for found in re.finditer(r"<!\[if\s+!?\s*mso", page.html, re.IGNORECASE):
        yield Finding(
            "trap/conditional",
            Level.ERROR,
            "<![if !mso]> is destroyed by inlining: Outlook would show what is in it",
            "write <!--[if !mso]><!--> … <!--<![endif]-->",
            page.line_at(found.start()),
            clients=("outlook.windows",),
        )
    for is_inlined, rules in page.sheets:
        for rule in rules:
            if rule.selector.lower().startswith("@import"):
                yield Finding(
                    "trap/import",
                    Level.ERROR,
                    "@import is never fetched",
                    "copy the imported rules into the <style> block",
                    rule.line,
                )
            if is_inlined:
                yield from _check_rule(rule)
        if is_inlined:
            yield from _check_shorthands(rules)


def _check_rule(rule: Rule) -> Iterator[Finding]:
    selector = rule.selector
    if selector.lower().startswith(_DROPPED):
        yield Finding(
            "trap/dropped",
            Level.ERROR,
            f"{selector.split()[0]} is dropped by inlining",
            f"move it into a {_IGNORED}",
            rule.line,
        )
    outer = [each for each in rule.within if each.lower().startswith("@media")]
    if selector.lower().startswith("@media") and outer:
        yield Finding(
            "trap/nested-media",
            Level.ERROR,
            "@media inside @media stops the inliner",
            "join the two conditions with 'and'",
            rule.line,
        )
    if selector.startswith("@"):
        return
    if "*" in selector:
        yield Finding(
            "trap/universal",
            Level.WARN,
            f"'{selector}' is dropped by inlining",
            "name the elements or classes",
            rule.line,
        )
    if not rule.within and _POSITIONAL.search(selector):
        yield Finding(
            "trap/positional",
            Level.WARN,
            f"'{selector}' depends on neighbours, which differ from mail to mail",
            "give the element a class of its own",
            rule.line,
        )
    if not rule.within and "[" in selector:
        yield Finding(
            "trap/attribute",
            Level.WARN,
            f"'{selector}' counts for nothing beside a class or element when inlined",
            "use a class",
            rule.line,
        )
    yield from _check_values(rule)


def _check_values(rule: Rule) -> Iterator[Finding]:
    seen: set[str] = set()
    for declaration in rule.declarations:
        value = declaration.value
        if declaration.is_important and not rule.within:
            yield Finding(
                "trap/important",
                Level.ERROR,
                f"!important on {declaration.name} is inlined and beats the rules for dark screens",
                "take it away; keep !important inside @media",
                declaration.line,
            )
        if re.search(r"#[0-9a-f]{8}\b|\brgb\([^),]*/", value, re.IGNORECASE):
            yield Finding(
                "trap/colour",
                Level.ERROR,
                f"the colour in '{declaration.name}: {value}' is dropped by inlining",
                "write it as #rrggbb",
                declaration.line,
            )
        if found := re.search(r"url\(\s*['\"]?(?!https?:|data:|cid:)([^)'\"]+)", value, re.I):
            yield Finding(
                "trap/url",
                Level.ERROR,
                f"url({found[1].strip()}) is not a whole address",
                "write it whole, with https://",
                declaration.line,
            )
        if declaration.name in seen and not rule.within:
            yield Finding(
                "trap/fallback",
                Level.WARN,
                f"{declaration.name} stands twice in '{rule.selector}': only the last is kept",
                "for a fallback use background-color with background-image",
                declaration.line,
            )
        seen.add(declaration.name)


def _check_shorthands(rules: list[Rule]) -> Iterator[Finding]:
    """A long name of one class and the short name of another come out in the wrong order."""
    flat = [rule for rule in rules if not rule.within and not rule.selector.startswith("@")]
    shorts = {
        declaration.name: rule.selector
        for rule in flat
        for declaration in rule.declarations
        if declaration.name in _SHORTHANDS
    }
    for rule in flat:
        own = {declaration.name for declaration in rule.declarations}
        for declaration in rule.declarations:
            short = declaration.name.partition("-")[0]
            # In one rule the order is kept: 'border: 0; border-top: 1px' is what it says.
            if declaration.name in _SHORTHANDS or short not in shorts or short in own:
                continue
            if short in ("margin", "padding"):
                yield Finding(
                    "trap/shorthand",
                    Level.NOTE,
                    f"{declaration.name} of '{rule.selector}' loses to {short} of "
                    f"'{shorts[short]}' on an element with both",
                    f"write {short} in both",
                    declaration.line,
                )
