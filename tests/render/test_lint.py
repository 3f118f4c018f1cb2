"""Lint: each rule finds what it is about, at its line, and leaves good mail alone."""

from pathlib import Path

import pytest

from mailer.errors import InputError
from mailer.render.lint.check import lint_message, lint_page
from mailer.render.lint.findings import Finding, Level
from mailer.render.lint.support import REQUIRED, families_of, read_table

GOLDEN = Path(__file__).parent / "golden"
HEAD = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>T</title></head><body>
<div style="display:none">A preheader that says what the mail is about, in forty letters.</div>
<h1>News</h1>
"""
FOOT = """
<p>The Desk, 1 Example Street, 10115 Example City</p>
<p><a href="https://news.example/u">Unsubscribe</a></p></body></html>"""


def found_in(body: str, head: str = HEAD) -> list[Finding]:
    return lint_page(head + body + FOOT, name="page.html")


def rules(findings: list[Finding], least: Level = Level.WARN) -> set[str]:
    return {finding.rule for finding in findings if finding.level >= least}


def test_a_good_page_has_nothing_to_mend() -> None:
    assert not rules(found_in("<p>Ferries sail again.</p>"))


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<p><a href="/stories/1">Ferries</a></p>', "link-address"),
        ('<p><a href="javascript:x()">Ferries</a></p>', "link-address"),
        ('<p><a href="https://">Ferries</a></p>', "link-address"),
        ('<p><a href="#">Ferries</a></p>', "link-empty"),
        ('<p><a href="http://news.example/1">Ferries</a></p>', "link-https"),
        ('<p><a href="https://news.example/1">here</a></p>', "link-text"),
        ('<p><a href="https://news.example/1">Leggi tutto</a></p>', "link-text"),
        ('<a href="https://n.example/1"><img src="https://n.example/a.png" width="9" alt=""></a>',
         "link-text"),
        ('<p><a href="https://news.example/{{ id }}">Ferries</a></p>', "link-unfilled"),
        ('<p><a href="https://bücher.example/1">Ferries</a></p>', "link-letters"),
        ('<img src="https://news.example/a.png" width="600">', "alt"),
        ('<img src="https://news.example/a.png" alt="A ferry">', "picture-width"),
        ('<img src="a.png" width="600" alt="A ferry">', "picture-address"),
        ("<h1>Two</h1>", "h1"),
        ("<h3>Deep</h3>", "heading-order"),
        ("<h2> </h2>", "heading-empty"),
        ("<table><tr><td>Layout</td></tr></table>", "table-role"),
        ('<p style="font-size:11px">Small</p>', "text-small"),
        ("<script>alert(1)</script>", "active-content"),
        ('<iframe src="https://news.example"></iframe>', "active-content"),
        ('<p style="color:#aaaaaa">Pale</p>', "contrast"),
        ('<div style="background:#8c1d18"><p style="color:#a03030">Red</p></div>', "contrast"),
        ('<table role="presentation" bgcolor="#000000"><tr><td>x</td></tr></table>', "contrast"),
        ("<style>.pale { color: #999 }</style><p class=pale>Pale</p>", "contrast"),
        ("<style>@media (prefers-color-scheme: dark) { p { color: #333 !important } }</style>",
         "contrast"),
        ("<style>@media (prefers-color-scheme: dark) { p { color: #eee } }</style>",
         "color-scheme"),
        ('<div style="display:flex">Side</div>', "support/css-display-flex"),
        ('<p style="color:var(--ink)">Ink</p>', "support/css-variables"),
        ("<form><input type=text></form>", "support/html-form"),
        ('<svg width="9"><path d="M0 0"/></svg>', "support/html-svg"),
        ('<img src="data:image/png;base64,AA==" width="9" alt="">', "support/image-base64"),
        ('<img src="https://n.example/a.webp" width="9" alt="">', "support/image-webp"),
        ('<p style="max-width:600px">Wide</p>', "support/css-max-width"),
    ],
)  # fmt: skip
def test_a_rule_finds_what_it_is_about(body: str, rule: str) -> None:
    findings = [finding for finding in found_in(body) if finding.rule == rule]
    assert findings
    assert findings[0].level >= Level.WARN
    assert findings[0].mend
    if rule not in ("h1", "color-scheme", "contrast"):
        assert findings[0].line == HEAD.count("\n") + 1


@pytest.mark.parametrize(
    "body",
    [
        '<p><a href="mailto:desk@news.example">Write to us</a></p>',
        '<p><a href="http://localhost:8000/1">Ferries on this machine</a></p>',
        '<p style="color:#767676">Just dark enough on white</p>',
        '<p style="font-size:24px;color:#949494">Large</p>',
        '<p style="color:rgba(0,0,0,.1)">Unknown on unknown</p>',
        '<div style="background:url(https://n.example/a.png)"><p style="color:#fff">x</p></div>',
        '<div style="display:none"><a href="https://n.example/">here</a></div>',
        '<table role="none"><tr><td>Layout</td></tr></table>',
        "<table><caption>Tides</caption><tr><td>9:00</td></tr></table>",
        "<h2>Next</h2><h3>Below</h3><h2>Back up</h2>",
    ],
)
def test_what_is_right_is_left_alone(body: str) -> None:
    ours = {rule for rule in rules(found_in(body)) if not rule.startswith("support/")}
    assert not ours


@pytest.mark.parametrize(
    ("head", "rule"),
    [
        (HEAD.replace(' lang="en"', ""), "lang"),
        (HEAD.replace('"en"', '"english language"'), "lang"),
        (HEAD.replace('"en"', '"ar"'), "dir"),
        (HEAD.replace("<!DOCTYPE html>\n", "\n"), "doctype"),
        (HEAD.replace('<meta charset="utf-8">', ""), "charset"),
        (HEAD.replace('name="viewport"', 'name="x"'), "viewport"),
        (HEAD.replace("<h1>News</h1>", ""), "h1"),
        (HEAD.replace("display:none", "color:#000"), "preheader"),
    ],
)
def test_the_head_and_beginning_are_looked_at(head: str, rule: str) -> None:
    assert rule in rules(found_in("<p>x</p>", head))


def test_a_way_to_leave_and_an_address_are_owed() -> None:
    page = HEAD + "<p>Ferries sail again, and nobody says who writes.</p></body></html>"
    assert {"unsubscribe", "postal-address"} <= rules(lint_page(page, name="p"))
    assert "unsubscribe" not in rules(lint_page(page, name="p", owes_leaving=False))
    known = lint_page(HEAD + "<p>Casa Nostra<br>Lago</p>", name="p", address_lines=("Casa Nostra",))
    assert "postal-address" not in rules(known)


@pytest.mark.parametrize(("size", "level"), [(70, 0), (90, Level.WARN), (103, Level.ERROR)])
def test_the_size_is_held_against_gmails_clip(size: int, level: int) -> None:
    page = HEAD + f"<p>{'m' * (size * 1024)}</p>" + FOOT
    assert max((f.level for f in lint_page(page, name="p") if f.rule == "size"), default=0) == level


def test_a_guarded_feature_is_only_a_note() -> None:
    inside = "<style>@media (min-width: 9px) { .a { display: flex } }</style>"
    levels = {f.level for f in found_in(inside) if f.rule == "support/css-display-flex"}
    assert levels == {Level.NOTE}


def test_a_ghost_table_mends_max_width() -> None:
    ghost = '<!--[if mso]><table width="600"><tr><td><![endif]-->'
    body = '<div style="max-width:600px">Wide</div>'
    assert "support/css-max-width" in rules(found_in(body))
    assert "support/css-max-width" not in rules(found_in(ghost + body))


def test_lines_of_style_sheets_are_those_of_the_page() -> None:
    body = "<style>\n/* a\ncomment */\n.a {\n  color: red;\n  display:\n    grid\n}\n</style>"
    line = next(f.line for f in found_in(body) if f.rule == "support/css-display-grid")
    assert line == HEAD.count("\n") + 6


def test_odd_pages_stop_nothing() -> None:
    for odd in (
        "<p",
        "<style>a{b:c",
        "<style>}}}{{{;;@</style>",
        "<a href='http://[x'>y</a>",
        "<>",
    ):
        lint_page(odd, name="odd")
    with pytest.raises(InputError, match="no HTML page"):
        lint_page("plain words", name="p")


def test_a_hostile_page_is_read_to_its_end() -> None:
    deep = HEAD + "<div style='color:#111'>" * 3000 + "hello"
    assert "depth" in rules(lint_page(deep, name="deep"))
    wild = "<style>" + "/*" * 20_000 + "{" * 20_000 + "</style><p style='" + "a:b;" * 20_000 + "'>x"
    assert lint_page(HEAD + wild, name="wild")


def test_the_table_of_clients_is_whole() -> None:
    table = read_table()
    assert table.updated_on >= "2026-05-13"
    assert len(table.titles) > 300
    every = {client for clients in table.lacking.values() for client in clients}
    assert set(REQUIRED) <= {client.partition(".")[0] for client in every}
    assert families_of(["aol.ios", "outlook.ios", "gmail.ios"]) == ("gmail", "outlook", "aol")


@pytest.mark.parametrize("name", ["digest.eml", "alert.eml", "text.eml"])
def test_our_messages_are_clean(name: str) -> None:
    content = (GOLDEN / name).read_bytes().replace(b"\n", b"\r\n")
    assert not rules(lint_message(content, name=name))


LETTER = (GOLDEN / "digest.eml").read_bytes().replace(b"\n", b"\r\n")
LEAVE = next(line for line in LETTER.split(b"\r\n") if line.startswith(b"List-Unsubscribe:"))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (LEAVE + b"\r\n", b"", "header/list-unsubscribe"),
        (LEAVE, b"List-Unsubscribe: =?utf-8?q?=3Chttps=3A//n=2Eexample=3E?=",
         "header/list-unsubscribe"),
        (LEAVE, b"List-Unsubscribe: <mailto:leave@n.example>", "header/list-unsubscribe"),
        (LEAVE, b"List-Unsubscribe: <http://n.example/u>", "header/list-unsubscribe"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b"", "header/one-click"),
        (b"=One-Click", b"=Two-Clicks", "header/one-click"),
        (b"Message-ID: <", b"Message-ID: ", "header/message-id"),
        (b"Date: ", b"X-Date: ", "header/missing"),
        (b"Date: ", b"Date: some day, ", "header/date"),
        (b"Subject: ", b"Subject: one\r\nSubject: ", "header/twice"),
        (b"Subject: ", b"Bcc: all@n.example\r\nSubject: ", "header/bcc"),
        (b"Subject: ", b"X-Long: " + b"x" * 999 + b"\r\nSubject: ", "header/line-long"),
        (b"Subject: ", "X-Raw: é\r\nSubject: ".encode(), "header/ascii"),
        (b"Subject: ", b"X-Lone: a\nSubject: ", "header/line-ends"),
        (b"Subject: ", b"X-Word: =?utf-8?q?" + b"a" * 80 + b"?=\r\nSubject: ",
         "header/encoded-word"),
        (b"List-Id: ", b"List-Id: no brackets ", "header/list-id"),
        (b"Feedback-ID: ", b"Feedback-ID: a:b:c:", "header/feedback-id"),
        (b"text/plain", b"text/other", "header/text-part"),
        (b"Subject: ", b"DKIM-Signature: v=1; h=from:subject; b=x\r\nSubject: ", "header/dkim"),
    ],
)  # fmt: skip
def test_headers_are_held_against_their_rules(old: bytes, new: bytes, rule: str) -> None:
    assert old in LETTER
    broken = LETTER.replace(old, new, 1)
    if rule == "header/list-id":
        broken = LETTER.replace(b".meridian.example>", b">", 1).replace(b"<asia-daily", b"asia")
    assert rule in rules(lint_message(broken, name="m.eml"))


def test_a_message_is_asked_to_be_one() -> None:
    with pytest.raises(InputError, match="no mail"):
        lint_message(b"\r\njust words", name="m.eml")
