"""The workbench: every mail of ours drawn from made-up data, and clean."""

from pathlib import Path

import pytest

from mailer.core.tokens import Signer
from mailer.errors import NotFoundError, RenderError
from mailer.render.environment import packaged_templates
from mailer.render.lint.findings import Level
from mailer.render.workbench import PARTS, Workbench
from tests.render.newsroom import SITE

EMAIL = packaged_templates() / "email"
NAMES = sorted(path.name for path in EMAIL.iterdir() if path.name != "_base")


def bench(overrides: Path | None = None) -> Workbench:
    return Workbench(SITE, Signer(("a secret",)), overrides=overrides, max_mail_bytes=102_400)


def test_every_folder_of_templates_is_a_mail_of_three_parts() -> None:
    assert sorted(bench().names()) == NAMES
    assert bench().names()[:2] == ["digest", "alert"]
    for name in NAMES:
        for part in PARTS:
            assert (EMAIL / name / part).is_file(), f"{name}/{part}"


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_of_ours_is_clean_in_every_client(name: str) -> None:
    found = [finding for finding in bench().lint(name) if finding.level >= Level.WARN]
    assert not found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("locale", ["en", "it", "es", "ko", "zh_Hans"])
def test_a_sample_can_be_drawn_in_every_language(name: str, locale: str) -> None:
    drawn = bench().draw(name, locale=locale)
    assert f'lang="{locale.replace("_", "-")}"' in drawn.mail.html
    assert drawn.mail.text
    assert b"multipart/alternative" in drawn.content
    assert not bench().draw(name, locale=locale, text_only=True).mail.html


def test_a_finding_stands_at_the_line_of_its_template(tmp_path: Path) -> None:
    for file in ("_base/macros.html", "_base/inlined.css"):
        path = tmp_path / "email" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((EMAIL / file).read_text(encoding="utf-8"), encoding="utf-8")
    macros = tmp_path / "email" / "_base" / "macros.html"
    text = macros.read_text(encoding="utf-8")
    picture = '<img src="https://n.example/i.png" width="9">'
    macros.write_text(text.replace('<p class="kicker', f'{picture}\n<p class="kicker'))
    sheet = tmp_path / "email" / "_base" / "inlined.css"
    rules = sheet.read_text(encoding="utf-8").split("\n")
    rules.insert(12, ".greeting { display: grid !important }")
    sheet.write_text("\n".join(rules), encoding="utf-8")

    found = {finding.rule: finding for finding in bench(tmp_path).lint("digest")}
    line = macros.read_text().split("\n").index(picture)
    assert (found["alt"].file, found["alt"].line) == ("_base/macros.html", line + 1)
    assert found["alt"].count > 1
    for rule in ("support/css-display-grid", "trap/important"):
        assert (found[rule].file, found[rule].line) == ("_base/inlined.css", 13)


@pytest.mark.parametrize(
    ("rule", "css"),
    [
        ("trap/important", ".a { color: red !important }"),
        ("trap/colour", ".a { color: #11223344 }"),
        ("trap/colour", ".a { color: rgb(0 0 0 / 50%) }"),
        ("trap/url", ".a { background-image: url(/a.png) }"),
        ("trap/fallback", ".a { color: red; color: blue }"),
        ("trap/universal", "* { margin: 0 }"),
        ("trap/positional", "td:first-child { color: red }"),
        ("trap/attribute", "[class=a] { color: red }"),
    ],
)
def test_traps_of_the_inliner_are_found(tmp_path: Path, rule: str, css: str) -> None:
    (tmp_path / "email" / "_base").mkdir(parents=True)
    sheet = (EMAIL / "_base" / "inlined.css").read_text(encoding="utf-8")
    (tmp_path / "email" / "_base" / "inlined.css").write_text(f"{css}\n{sheet}", encoding="utf-8")
    assert (rule, 1) in {(f.rule, f.line) for f in bench(tmp_path).lint("alert")}


def test_what_cannot_be_drawn_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no template 'nothing"):
        bench().lint("nothing")
    (tmp_path / "email" / "alert").mkdir(parents=True)
    (tmp_path / "email" / "alert" / "body.html").write_text("<p>{{ mail.nothing }}</p>")
    with pytest.raises(RenderError, match=r"body\.html, line 1"):
        bench(tmp_path).lint("alert")
