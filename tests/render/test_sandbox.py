"""Operators' own text can do no harm (S14)."""

import pytest

from mailer.errors import InputError
from mailer.render.sandbox import LONGEST, draw_text


def test_markdown_becomes_text_and_html() -> None:
    drawn = draw_text(
        "# To all who follow {{ expression }}\n\nDear *{{ name }}*, read [this](https://x.example/a?b=1&c=2).\n\n"
        "{% for place in places %}\n- {{ place }}\n{% endfor %}\n\n> Quoted\n",
        {"expression": "china & japan", "name": "Mina", "places": ["Busan", "Dandong"]},
    )
    assert "<h1>To all who follow china &amp; japan</h1>" in drawn.html
    assert '<em>Mina</em>, read <a href="https://x.example/a?b=1&amp;c=2">this</a>.' in drawn.html
    assert drawn.html.count("<li>") == 2
    assert "TO ALL WHO FOLLOW CHINA & JAPAN" in drawn.text
    assert "Dear Mina, read this (https://x.example/a?b=1&c=2)." in drawn.text
    assert "- Busan\n" in drawn.text
    assert "> Quoted" in drawn.text


@pytest.mark.parametrize(
    "value",
    ["[x](https://evil.example)", "<script>alert(1)</script>", "**b**", "{{ 7*7 }}", "# x\n\ny"],
)
def test_what_a_variable_holds_stays_text(value: str) -> None:
    drawn = draw_text("Dear {{ name }}!", {"name": value})
    assert "<a" not in drawn.html
    assert "<script" not in drawn.html
    assert "<strong>" not in drawn.html
    assert drawn.text.strip() == f"Dear {' '.join(value.split())}!"


def test_html_and_odd_links_of_the_author_are_shown_not_read() -> None:
    drawn = draw_text(
        "<img src=x onerror=y>\n\n[a](javascript:alert(1)) ![i](https://x.example/p.gif)", {}
    )
    assert "<img" not in drawn.html
    assert 'href="javascript' not in drawn.html


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ name.__init__.__globals__ }}", "unsafe"),
        ("{% include 'x' %}", "cannot be drawn"),
        ("one\n{% if %}", "line 2"),
        ("{{ nothing }}", "known are name"),
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "2 sec"),
        ("{% set x = 'x' * 999999999 %}", "128 MB"),
        ("{{ 'x' * 300000 }}", "300,000 characters"),
        ("x" * (LONGEST + 1), "50,001 characters"),
    ],
)
def test_what_reaches_further_or_takes_too_much_is_refused(source: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        draw_text(source, {"name": "Mina"})
    assert told in str(caught.value)
