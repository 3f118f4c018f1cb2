"""A mistake in a template is shown with its place, its lines and a likely mend."""

from pathlib import Path

import pytest

from mailer.core.tokens import Signer
from mailer.errors import TemplateError
from mailer.render.workbench import Workbench
from tests.render.newsroom import SITE

BODY = """\
{% extends "_base/base.html" %}
{% block stories %}
<tr><td>
WRONG
</td></tr>
{% endblock %}
"""


def broken(tmp_path: Path, wrong: str) -> TemplateError:
    folder = tmp_path / "email" / "digest"
    folder.mkdir(parents=True)
    (folder / "body.html").write_text(BODY.replace("WRONG", wrong), encoding="utf-8")
    bench = Workbench(SITE, Signer(("x",)), overrides=tmp_path, max_mail_bytes=102_400)
    with pytest.raises(TemplateError) as caught:
        bench.draw("digest")
    return caught.value


@pytest.mark.parametrize(
    ("wrong", "mend"),
    [
        ("{{ mail.preheadr }}", "did you mean 'preheader'?"),
        ("{{ mail.lead.tilte }}", "did you mean 'title'?"),
        ("{{ mail.sections[0].qqq }}", "there are heading, heading_capitals, items"),
        ("{{ mial.name }}", "did you mean 'mail'?"),
        ("{{ title }}", "did you mean 'item.title'?"),
        ("{{ day }}", "did you mean 'mail.day'?"),
        ("{{ xyzzy }}", "what a mail is told begins with 'mail.'"),
        ("{{ mail.name mail.email }}", "put an operator or a filter between"),
        ("{{ mail.name | shout }}", "use wrap, underlined"),
        ("{% fro x in y %}", "use a tag of Jinja: if, for"),
        ("{{ mail.name }", "two braces"),
        ("{{ 1 / 0 }}", "mend the expression"),
        ("{% include '_base/inlned.css' %}", "write '_base/inlined.css'"),
    ],
)
def test_the_place_the_excerpt_and_the_mend_are_told(tmp_path: Path, wrong: str, mend: str) -> None:
    error = broken(tmp_path, wrong)
    assert mend in error.mend
    assert error.line == 4
    assert error.file.endswith("digest/body.html")
    assert "body.html, line 4: " in str(error)
    assert error.excerpt.split("\n")[1:4] == [
        "     3 | <tr><td>",
        f">    4 | {wrong}",
        "     5 | </td></tr>",
    ]


def test_a_tag_left_open_is_told_at_the_end(tmp_path: Path) -> None:
    error = broken(tmp_path, "{% if mail.name %}")
    assert "close what was opened" in error.mend
    assert error.line >= 4
