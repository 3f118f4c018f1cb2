"""The look does not hang on one inliner: another, and no inliner at all, give the same styles."""

import css_inline
import pytest
from playwright.sync_api import Browser

from mailer.core.addresses import read_address
from mailer.core.letters import Letter
from mailer.render.environment import compact
from mailer.render.letter_views import view_letter
from mailer.render.links import Links
from mailer.render.pages import Pages
from mailer.render.sameness import read_mail
from mailer.render.speech import speech_of
from tests.render.newsroom import SIGNER, SITE, VOCABULARY, a_renderer
from tests.render.test_golden import alert, digest

_STYLES = """() => [...document.querySelectorAll('body, body *')].map(element => {
    const style = getComputedStyle(element);
    return [element.tagName + '.' + element.className, ...[
        'color', 'backgroundColor', 'fontFamily', 'fontSize', 'fontWeight', 'fontStyle',
        'lineHeight', 'letterSpacing', 'textAlign', 'textTransform', 'textDecorationLine',
        'paddingTop', 'paddingRight', 'paddingBottom', 'paddingLeft', 'marginTop', 'marginBottom',
        'borderTopWidth', 'borderTopColor', 'borderBottomWidth', 'borderBottomColor', 'maxWidth',
        'display', 'whiteSpace', 'wordBreak',
    ].map(name => name + ': ' + style[name])];
})"""


def styles(browser: Browser, page: str, *, scheme: str, width: int) -> list[list[str]]:
    tab = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    tab.set_content(page)
    found: list[list[str]] = tab.evaluate(_STYLES)
    tab.close()
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("letter", [digest(), alert()], ids=["digest", "alert"])
def test_every_element_looks_alike(
    browser: Browser, letter: Letter, scheme: str, width: int
) -> None:
    name = f"{letter.cadence.kind}/body.html"
    view = view_letter(letter, SITE, Links(SITE, SIGNER), VOCABULARY)
    bare = compact(Pages().templates.render(name, speech_of(letter.locale), mail=view))
    renderer = a_renderer()
    plain = renderer.render(letter, VOCABULARY).html
    printing = renderer.printing(VOCABULARY)
    [printed] = printing.print([(letter, read_address(letter.email))])
    assert printing.reason == ""
    other = css_inline.CSSInliner(keep_at_rules=True, keep_style_tags=True).inline(bare)
    wanted = styles(browser, plain, scheme=scheme, width=width)
    assert len(wanted) > 30
    assert any("color: rgb(140, 29, 24)" in style for style in wanted) is (scheme == "light")
    for page in (read_mail(printed.content).html, other, bare):
        assert styles(browser, page, scheme=scheme, width=width) == wanted
