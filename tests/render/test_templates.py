"""What every packaged mail owes to its readers' eyes, and to the inliner."""

import re
from itertools import product

import pytest

from mailer.render.environment import packaged_templates

BASE = packaged_templates() / "email" / "_base"
INLINED = re.sub(r"/\*.*?\*/", "", (BASE / "inlined.css").read_text(encoding="utf-8"), flags=re.S)
KEPT = (BASE / "kept.css").read_text(encoding="utf-8")
LIGHT = {"paper": "#f1ece1", "sheet": "#fffdf8"}


def rules(css: str) -> dict[str, dict[str, str]]:
    found = {}
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        pairs = (rule.partition(":") for rule in body.split(";"))
        found[selector.strip()] = {name.strip(): value.strip() for name, _, value in pairs}
    return found


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_texts_are_legible_in_light_and_dark() -> None:
    light = {
        (rule["color"], rule.get("background-color", LIGHT["sheet"]))
        for rule in rules(INLINED).values()
        if "color" in rule
    }
    assert len(light) == 4
    for colour, behind in light:
        assert contrast(colour, behind) >= 4.5
    block = KEPT[KEPT.index("prefers-color-scheme") :]
    dark = rules(block[block.index("{") + 1 :])
    texts = [dark[name]["color"].split()[0] for name in (".ink", ".soft", ".red")]
    for text, sheet in product(texts, [dark[".sheet"]["background-color"].split()[0]]):
        assert contrast(text, sheet) >= 4.5


def test_no_text_is_smaller_than_14_pixels() -> None:
    sizes = [
        int(size) for size in re.findall(r"(?:font-size: |font:[^;]*?)(\d+)px", INLINED + KEPT)
    ]
    assert len(sizes) > 10
    assert min(sizes) >= 14


def test_every_coloured_class_of_a_mail_has_a_dark_side() -> None:
    macros = (BASE / "macros.html").read_text(encoding="utf-8")
    base = "".join(
        (BASE / name).read_text(encoding="utf-8") for name in ("base.html", "notice.html")
    )
    coloured = {name[1:] for name, rule in rules(INLINED).items() if "color" in rule}
    for classes in re.findall(r'class="([^"{]+)"', macros + base):
        names = set(classes.split())
        assert not names & coloured or names & {"ink", "soft", "red"}, classes


def test_the_inlined_sheet_avoids_the_inliners_traps() -> None:
    assert "!important" not in INLINED
    assert not re.search(r"[>+~*\[]|:\w+-child|#\w+ *\{", INLINED)
    assert "url(" not in INLINED + KEPT


@pytest.mark.parametrize("name", ["digest", "alert", "confirmation", "welcome", "preferences-link"])
@pytest.mark.parametrize("part", ["subject.txt", "body.txt", "body.html"])
def test_each_mail_has_its_three_templates(name: str, part: str) -> None:
    assert (BASE.parent / name / part).is_file()
