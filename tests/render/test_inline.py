"""Styles go into the page, and nothing is fetched or lost on the way."""

import socket

import pytest

from mailer.errors import RenderError
from mailer.render.inline import inline
from mailer.render.sentinels import Sentinels

PAGE = "<!DOCTYPE html>\n<html><head><style>{css}</style>{more}</head><body>{body}</body></html>"


def page(css: str = "", body: str = "<p class='a'>Text</p>", more: str = "") -> str:
    return PAGE.format(css=css, body=body, more=more)


def test_rules_become_style_attributes() -> None:
    assert '<p class="a" style="color:#8c1d18">Text</p>' in inline(page(".a{color:#8c1d18}"), "t")


def test_rules_for_dark_and_small_screens_stay_and_win() -> None:
    css = ".a{color:#000} @media (prefers-color-scheme: dark){.a{color:#fff !important}}"
    done = inline(page(css), "t")
    assert 'style="color:#000"' in done
    assert "#fff !important" in done


def test_an_ignored_block_stays_as_it_is() -> None:
    kept = '<style data-premailer="ignore">[data-ogsc] .a { color: #fff !important }</style>'
    assert "<style>[data-ogsc] .a { color: #fff !important }</style>" in inline(
        page(more=kept), "t"
    )


def test_conditional_comments_and_braces_stay() -> None:
    ghost = "<!--[if mso]><table><tr><td><![endif]-->"
    unless = "<!--[if !mso]><!-->b<!--<![endif]-->"
    body = f"{ghost}<p>{{{{ a }}}} ünï</p>{unless}"
    assert body in inline(page(body=body), "t")


@pytest.mark.parametrize(
    ("html", "told"),
    [
        (page(more='<link rel="stylesheet" href="http://127.0.0.1:9/a.css">'), "has a <link>"),
        (page("@import url(http://127.0.0.1:9/a.css);"), "has an @import"),
        (page('@IMPORT "file:///etc/passwd";'), "has an @import"),
        (
            page(more='<style data-premailer="ignore">@import "http://127.0.0.1:9/";</style>'),
            "has an @import",
        ),
        (page("@media a{ .a{color:red} @media b{.a{color:red}} }"), "@media inside @media"),
        (page("@font-face{font-family:x}"), "@font-face would be dropped"),
        (page("@supports (a:b){.a{color:red}}"), "@supports would be dropped"),
        ("", "cannot be inlined"),
    ],
)
def test_traps_are_refused_with_the_mend(
    html: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(RenderError, match=r"template 'digest/body\.html'") as caught:
        inline(html, "digest/body.html")
    assert told in str(caught.value)


def test_an_import_that_is_not_seen_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", connect)
    # CSS reads \69 as i.
    assert "Text" in inline(page('@\\69mport "http://127.0.0.1:9/a.css"; .a{color:red}'), "t")


def test_two_media_one_behind_the_other_are_no_trap() -> None:
    css = "@media print{.a{color:red}} /* @import */ @media screen{.a{color:blue}}"
    assert "@media screen" in inline(page(css), "t")


def test_what_is_nested_too_deep_is_noticed() -> None:
    sentinels = Sentinels()
    deep = sentinels.close(page(body="<div>" * 300 + "Text" + "</div>" * 300), "t")
    with pytest.raises(RenderError, match="lost the end of the page"):
        sentinels.check(inline(deep, "t"), "t")


def test_no_mark_is_left() -> None:
    sentinels = Sentinels()
    whole = page()
    assert sentinels.check(sentinels.close(whole, "t"), "t") == whole
