"""Where we read otherwise on purpose: for each corpus, patterns of what, and why.

A difference that is not here fails `make corpora`.
"""

import re
from typing import Final

_DECISIONS: Final[tuple[tuple[str, str, str], ...]] = (
    ("feedparser", r"encoding/bozo_linenoise", "bytes of no encoding: we mark what they guess"),
    ("feedparser", r"entry_author_map_author\.xml", "an author's address is nobody's to print"),
    (
        "feedparser",
        r"base/http_.*_(content_location|docuri)",
        "relative to where it was found, which a story's address is resolved against later",
    ),
    ("feedparser", r"rss/entity_in_doctype", "document types are not read (S13)"),
    ("feedparser", r"namespace/.*(math|svg)", "formulas and drawings have no place in a mail"),
    ("feedparser", r"item_description_not_a_doctype", "a lone '<!DOCTYPE' is no text"),
    ("feedparser", r"sanitize/.*_iframe", "what stands in an iframe is not shown by browsers"),
    ("feedparser", r"sanitize/.*_crazy", "of a script broken in two we keep what browsers show"),
    ("flufl.bounce", r"simple_42", "the shortened address is named as the report has it"),
    ("flufl.bounce", r"simple_43", "a failure that names nobody counts softly"),
    ("email-validator", r'^"', "quoted local parts are refused: no reader has one"),
    ("email-validator", r"<", "an address is given without a name"),
    (
        "email-validator",
        r"^my@example\.com$",
        "spaces and line ends around an address are no error",
    ),
    ("email-validator", r"^λambda", "addresses beyond ASCII are taken (RFC 6531)"),
    ("podcastparser", r"^no_(guid|title)", "a story needs a title: no file name stands in for it"),
    ("newspaper4k", r"cnn_001|cnn_test_nlp|time_001", "the headline over the text, not the page's"),
    ("newspaper4k", r"japanese_article\.html", "without the name of the site"),
    (
        "newspaper4k",
        r"chinese_article_002",
        "without date, byline and kicker it is no article",
    ),
    ("newspaper4k", r"thai_article", "a page of several dated texts is refused: it may be a list"),
)


def decision(corpus: str, what: str) -> str:
    """Return why we differ there on purpose; "" when nobody decided so."""
    for of, pattern, reason in _DECISIONS:
        if of == corpus and re.search(pattern, what):
            return reason
    return ""
