"""Rules for the links of a page: whole addresses, safe ones, and words that say where they lead."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from mailer.render.lint.documents import Page, line_of, words_of
from mailer.render.lint.findings import Finding, Level

# What a screen reader's list of links is full of, in the languages of our catalogues and around.
_EMPTY_WORDS = frozenset(
    (
        "here", "click here", "click", "link", "this link", "read more", "more", "learn more",
        "qui", "clicca qui", "leggi tutto", "aquí", "haz clic aquí", "leer más", "hier",
        "hier klicken", "ici", "cliquez ici", "aqui", "여기", "여기를 클릭", "这里", "点击这里",
        "點擊這裡", "こちら",
    )
)  # fmt: skip
_LOCAL = ("localhost", "127.0.0.1", "[::1]")
_LONGEST = 2_083  # What classic Outlook and old Windows open at most.


def check_links(page: Page) -> Iterator[Finding]:
    """Yield what is wrong with links and with the addresses of pictures."""
    for element in page.elements("a"):
        line = line_of(element)
        address = element.get("href")
        if address is None:
            if not element.get("name") and not element.get("id"):
                yield Finding("link-empty", Level.WARN, "a link without href", "give it one", line)
            continue
        yield from _check_address(address.strip(), line, "link")
        if page.hides(element):
            continue
        said = words_of(element)
        if not said and not element.get("aria-label"):
            yield Finding(
                "link-text",
                Level.ERROR,
                f"the link to {_cut(address)} has no words",
                "put words or a picture with an alt text into it",
                line,
            )
        elif said.casefold().strip(" .!…→»>") in _EMPTY_WORDS:
            yield Finding(
                "link-text",
                Level.WARN,
                f"the link '{said}' does not say where it leads",
                "link the words that name the place: screen readers list links alone",
                line,
            )
    for element in page.elements("img"):
        address = (element.get("src") or "").strip()
        if not address:
            yield Finding(
                "picture-empty",
                Level.ERROR,
                "a picture without src",
                "give it one",
                line_of(element),
            )
        elif not address.lower().startswith(("data:", "cid:")):
            yield from _check_address(address, line_of(element), "picture")


def _check_address(address: str, line: int, kind: str) -> Iterator[Finding]:
    if address.startswith("#") and kind == "link":
        ids = len(address) > 1
        if not ids:
            yield Finding(
                "link-empty", Level.ERROR, "a link to '#' leads nowhere", "give its address", line
            )
        return
    if re.search(r"\{\{|\{%|\*\||%%\w+%%", address):
        yield Finding(
            f"{kind}-unfilled",
            Level.ERROR,
            f"the address {_cut(address)} still has a placeholder",
            "fill it in before the mail leaves",
            line,
        )
        return
    scheme = address.partition(":")[0].lower() if ":" in address else ""
    if scheme in ("mailto", "tel", "sms"):
        return
    if scheme not in ("http", "https"):
        wrong = "a mail has no place to start from" if not scheme else "mail clients refuse it"
        yield Finding(
            f"{kind}-address",
            Level.ERROR,
            f"the {kind}'s address {_cut(address)} is not a whole web address: {wrong}",
            "write it whole, with https://",
            line,
        )
        return
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        host = ""
    if not host:
        yield Finding(
            f"{kind}-address",
            Level.ERROR,
            f"the {kind}'s address {_cut(address)} has no host",
            "write it whole, with https://",
            line,
        )
        return
    if scheme == "http" and host not in _LOCAL:
        yield Finding(
            f"{kind}-https",
            Level.WARN,
            f"the {kind}'s address {_cut(address)} is not encrypted",
            "use https: clients warn of http links, and do not load http pictures",
            line,
        )
    if not host.isascii() or not address.isascii() or " " in address:
        yield Finding(
            f"{kind}-letters",
            Level.WARN,
            f"the address {_cut(address)} has letters that some clients break",
            "percent-encode its path, and write its host as xn--…",
            line,
        )
    if len(address) > _LONGEST:
        yield Finding(
            f"{kind}-long",
            Level.WARN,
            f"the address {_cut(address)} has {len(address)} characters",
            f"shorten it below {_LONGEST}: some clients cut longer ones",
            line,
        )


def _cut(address: str) -> str:
    address = " ".join(address.split())
    return f"'{address}'" if len(address) <= 60 else f"'{address[:59]}…'"
