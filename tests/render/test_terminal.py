"""HTML drawn for a person at a terminal."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mailer.render.terminal import draw_html
from tests.render.newsroom import VOCABULARY, a_letter, a_renderer, a_section, a_story


def test_a_mail_is_drawn_as_it_looks() -> None:
    mail = a_renderer().render(a_letter(a_section(a_story(1), a_story(2))), VOCABULARY)
    drawn = draw_html(mail.html, width=60)
    assert drawn.startswith("━" * 60)
    lines = drawn.splitlines()
    assert "The Meridian Daily".center(60).rstrip() in lines
    assert "CHINA – NORTH KOREA" in lines
    assert "Story number 1 [1]" in lines
    assert "[1] https://meridian.example/stories/1" in lines
    assert mail.preheader not in drawn
    assert "mso" not in drawn
    assert all(cell_len(line) <= 60 for line in lines if "https://" not in line)
    assert drawn == draw_html(mail.html, width=60)


def test_headings_bullets_rules_and_breaks() -> None:
    html = "<h1>Head</h1><p>One<br>two</p><ul><li>first<li><b>second</b></ul><hr><p>End</p>"
    drawn = draw_html(html, width=20)
    assert drawn == f"Head\n\nOne\ntwo\n\n• first\n• second\n\n{'─' * 20}\n\nEnd\n"


def test_a_link_has_one_number_and_its_address_is_never_cut() -> None:
    address = "https://meridian.example/" + "x" * 90
    drawn = draw_html(
        f"<a href='{address}'>a</a> <a href='{address}'>b</a> <a href='#x'>c</a>", width=20
    )
    assert drawn == f"a [1] b [1] c\n\n[1] {address}\n"


@pytest.mark.parametrize(
    "hidden",
    [
        "<div style='display: none'>no</div>",
        "<span style='mso-hide:all'>no</span>",
        "<p hidden>no</p>",
        "<!--[if mso]>no<![endif]-->",
        "<style>no</style><script>no</script><template>no</template>",
    ],
)
def test_what_is_hidden_is_not_drawn(hidden: str) -> None:
    assert draw_html(f"<title>no</title><body>{hidden}yes</body>", width=40) == "yes\n"


def test_colour_is_drawn_only_when_asked() -> None:
    assert "\x1b" not in draw_html("<h1>Head</h1>", width=40)
    assert draw_html("<h1>Head</h1>", width=40, colour=True) == "\x1b[1mHead\x1b[0m\n"


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b]0;title\x07",
        "\x1b[2J",
        "&#27;[31m",
        "\x9b31m",
        "\u202eevil",
        "[red]markup[/red]",
        "[link=https://x.example]",
        ":smile:",
        "\ue000",
    ],
)
def test_foreign_text_cannot_steer_the_terminal(hostile: str) -> None:
    html = (
        f"<p>{hostile}</p><a href='https://x.example/{hostile}'>{hostile}</a><img alt='{hostile}'>"
    )
    drawn = draw_html(html, width=78)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", drawn)
    assert "😄" not in drawn
    if hostile.startswith("["):
        assert hostile in drawn
    coloured = draw_html(html, width=78, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == drawn


@pytest.mark.parametrize("html", ["", " ", "<!-- -->", "<html></html>", "<?xml version='1.0'?>"])
def test_nothing_draws_nothing(html: str) -> None:
    assert draw_html(html, width=40).strip() == ""


@given(html=st.text(max_size=200) | st.text("<>/abp h123'=\"&;\x1b", max_size=200))
def test_any_text_can_be_drawn(html: str) -> None:
    drawn = draw_html(html, width=30)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", drawn)


def test_ideographs_are_as_wide_as_they_are() -> None:
    drawn = draw_html(f"<p>{'字' * 30}</p>", width=40)
    assert drawn == f"{'字' * 20}\n{'字' * 10}\n"
