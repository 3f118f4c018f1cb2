"""Colours as style sheets write them, and how well one is seen on another."""

import re
from typing import TypeAlias

Colour: TypeAlias = tuple[int, int, int]

_NAMES = {
    "black": "000000", "silver": "c0c0c0", "gray": "808080", "grey": "808080", "white": "ffffff",
    "maroon": "800000", "red": "ff0000", "purple": "800080", "fuchsia": "ff00ff",
    "green": "008000", "lime": "00ff00", "olive": "808000", "yellow": "ffff00", "navy": "000080",
    "blue": "0000ff", "teal": "008080", "aqua": "00ffff", "orange": "ffa500",
    "lightgray": "d3d3d3", "lightgrey": "d3d3d3", "darkgray": "a9a9a9", "darkgrey": "a9a9a9",
    "dimgray": "696969", "dimgrey": "696969", "whitesmoke": "f5f5f5", "gainsboro": "dcdcdc",
    "crimson": "dc143c", "darkred": "8b0000", "darkblue": "00008b", "tomato": "ff6347",
    "gold": "ffd700", "pink": "ffc0cb", "beige": "f5f5dc", "ivory": "fffff0", "tan": "d2b48c",
    "brown": "a52a2a", "salmon": "fa8072", "coral": "ff7f50", "steelblue": "4682b4",
    "royalblue": "4169e1", "skyblue": "87ceeb", "slategray": "708090", "slategrey": "708090",
}  # fmt: skip


def read_colour(text: str) -> Colour | None:
    """Return a colour without transparency; None for any other value."""
    text = text.strip().lower()
    digits = _NAMES.get(text) or (text[1:] if text.startswith("#") else "")
    if re.fullmatch("[0-9a-f]{3}", digits):
        digits = "".join(digit * 2 for digit in digits)
    if re.fullmatch("[0-9a-f]{6}", digits):
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    found = re.fullmatch(r"rgb\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*\)", text)
    if found:
        return min(int(found[1]), 255), min(int(found[2]), 255), min(int(found[3]), 255)
    return None


def hex_of(colour: Colour) -> str:
    """Return the colour as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def contrast(one: Colour, other: Colour) -> float:
    """Return how well one is seen on the other, 1 to 21. Source: WCAG 2.2, contrast ratio."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
