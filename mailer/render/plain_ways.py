"""Why the mails of a template go the plain way, in words its author can act on.

Such mails are right, and take a hundred times as long. What templates are refused for is said in
`cutting`, `html_pieces` and their neighbours; here stands how to say the same in another way.
"""

import re
from typing import Final

from mailer.render.slots import Uncuttable

_LOOP: Final = (
    "style turns by themselves, not by their number: loop.first, loop.last, loop.index and "
    "loop.length may be used, and an 'is_lead' story may look different"
)
_DECIDES: Final = (
    "decide by what may be empty, such as {% if mail.name %}, by loop.first and loop.last, or by "
    "what a story is; show values as they are"
)
_MENDS: Final = (
    (r"loop\.(cycle|previtem|nextitem|changed|revindex)", _LOOP),
    (r"'namespace'|'cycler'", "number stories by {{ loop.index }}; nothing else may be counted"),
    (r"'joiner'", "write {% if not loop.first %} before what joins two stories"),
    (
        r"style by position",
        "give the first or last a class of its own, by {% if loop.first %} or {% if loop.last %}",
    ),
    (r"begin or end in different ways", "begin and end what is in the loop on lines of its own"),
    (r"does not close what it opens", "close in the loop each tag that is opened in it"),
    (r"inside a tag, a comment", "put the loop around whole tags"),
    (r"in a style or script|in style=", "put it into text, or into href, title or alt"),
    (r"in \w+=|inside of a tag", "put it into text, or into href, title or alt"),
    (r"unescaped", "show it without the filter 'safe'"),
    (r"every story in its loop|loses", "show it in each mail"),
    (r"no </body>", "end the page with </body></html>, as _base/base.html does"),
    (r"by its number|by their number", "go over all of them with {% for %}"),
    (r"inside a loop over the same", "go over stories once, or over sections and their stories"),
    (r"compares|count|decides|computes|cuts", _DECIDES),
    (r"through", "show it without this filter"),
)


def mend_of(error: Uncuttable) -> str:
    """Return what its author can do."""
    for pattern, mend in _MENDS:
        if re.search(pattern, str(error)):
            return mend
    return "draw it as templates/email/digest does"


def told(error: Uncuttable) -> str:
    """Return place, reason and mend in one line."""
    place = f"{error.file}, line {error.line}: " if error.line else f"{error.file}: "
    return f"{place if error.file else ''}{error}: {mend_of(error)}"
