"""A few plain words from the body of a story that came without a summary."""

from lxml import etree, html

from mailer.core.hygiene import clean_header

_LENGTH = 240
# What ends a word even without a space behind it.
_BLOCKS = ("blockquote", "br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "p", "td")
_READ = 20_000  # Characters of HTML: the first 240 of its text are well inside.


def extract(body_html: str) -> str:
    """Return about the first 240 characters of the text, whole words; empty when there are none."""
    if not body_html.strip():
        return ""
    try:
        body = html.fragment_fromstring(clean_header(body_html[:_READ], _READ), create_parent="div")
    except (etree.LxmlError, ValueError, AssertionError):
        return ""
    for element in body.iter("script", "style"):
        element.text = ""
    for block in body.iter(*_BLOCKS):
        block.tail = f" {block.tail or ''}"
    text = clean_header("".join(str(part) for part in body.itertext()), _READ)
    if len(text) <= _LENGTH:
        return text
    head = text[: _LENGTH - 1]
    at_word = head.rfind(" ")
    return head[: at_word if at_word > _LENGTH // 2 else None].rstrip(" ,;:–—-") + "…"
