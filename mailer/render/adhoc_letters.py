"""An operator's letter drawn once for all its readers: its name is the one thing that differs.

The text goes through the sandbox twice, for readers with a name and for those without, so that
conditions about the name hold. Where the name goes stands a marker until a mail is built.
"""

import re
from hashlib import sha256
from typing import Final

from mailer.core.adhoc_letters import LetterText
from mailer.core.hygiene import clean_header
from mailer.core.notices import Written
from mailer.core.readers import Newsletter
from mailer.errors import InputError
from mailer.render.sandbox import draw_text
from mailer.render.site import Site

# The sandbox gives these and no other tags, none with a class: what they look like in our mails.
_LOOKS: Final = {
    "p": "said ink",
    "ul": "said ink",
    "ol": "said ink",
    "h1": "section red",
    "h2": "section red",
    "h3": "brief ink",
    "h4": "brief ink",
    "h5": "brief ink",
    "h6": "brief ink",
    "a": "onward red",
    "blockquote": "point ink",
}
_TAG: Final = re.compile(rf"<({'|'.join(_LOOKS)})(?=[ >])")
# What may be done with the name: anything else would be done with the marker instead.
_USUAL: Final = re.compile(
    r"\{\{-?\s*name\s*(?:or\s*(?:'[^'{}]*'|\"[^\"{}]*\")\s*)?-?\}\}"
    r"|\{%-?\s*(?:el)?if\s+(?:not\s+)?name\s*-?%\}"
)
_UNUSUAL: Final = re.compile(r"\{([{%])(?:(?![}%]\}).)*?\bname\b", re.DOTALL)


def draw_letter(text: LetterText, newsletter: Newsletter, site: Site) -> Written:
    """Return what readers are sent; raises InputError for a text that cannot be drawn."""
    known = {"newsletter": clean_header(newsletter.name), "site": clean_header(site.name)}
    # Digits alone: capitals, escaping and wrapping leave them as they are.
    marker = f"7{int(sha256(text.fingerprint.encode()).hexdigest()[:16], 16):020d}"
    if marker in text.source:
        raise InputError(f"the text holds the number {marker}, which stands for the name")
    if _UNUSUAL.search(_USUAL.sub("", text.source)):
        raise InputError(
            "a name can stand as it is, {{ name }} or {{ name or 'reader' }}, or be asked for, "
            "{% if name %}, and nothing else"
        )
    named = draw_text(text.source, {**known, "name": marker})
    if re.search(rf'="[^"]*{marker}', named.html):
        raise InputError("a name cannot stand in the address of a link: take {{ name }} out of it")
    bare = named
    if re.search(r"\bname\b", text.source):
        bare = draw_text(text.source, {**known, "name": ""})
    if not bare.text.strip() or not named.text.strip():
        raise InputError("the text says nothing once it is drawn")
    return Written(
        subject=text.subject,
        text=named.text,
        html=_dressed(named.html),
        bare_text=bare.text,
        bare_html=_dressed(bare.html),
        marker=marker,
    )


def _dressed(html: str) -> str:
    return _TAG.sub(lambda found: f'<{found[1]} class="{_LOOKS[found[1]]}"', html)
