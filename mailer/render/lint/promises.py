"""Rules for what a mail owes to its readers by law: how to leave, and who has written."""

import re
from collections.abc import Iterator, Sequence

from mailer.render.lint.documents import Page, words_of
from mailer.render.lint.findings import Finding, Level

_LEAVING = re.compile(
    r"unsubscri|opt[ -]?out|abmeld|abbestell|désabonn|désinscri|cancel\w* (?:la )?suscripci"
    r"|darse de baja|annulla l.iscrizione|disiscri|cancellati|descadastr|구독 ?취소|수신 ?거부"
    r"|退订|取消订阅|退訂|取消訂閱|配信停止|отписа",
    re.IGNORECASE,
)
# A code of a place, which is no year, or a house number beside a word for a street.
_PLACE = re.compile(
    r"\b(?!(?:19|20)\d\d\b)\d{4,6}\b|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|\bP\.? ?O\.? Box\b"
    r"|\b\d{1,5}\w? (?:\w+ ){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Square|Place|Drive|Court)\b"
    r"|\b(?:Via|Viale|Piazza|Corso|Rue|Calle|Avenida|Rua) [\w .’'-]+,? \d{1,5}\b"
    r"|\w+(?:stra(?:ße|sse)|straat|weg|platz) \d{1,5}\b|\d+(?:号|號|번지|丁目)|\w+[로길] \d{1,5}\b",
    re.IGNORECASE,
)
_FOOT = 0.4  # The share of a page's words, at its end, where an address is looked for.


def check_leaving(page: Page, text: str | None, url: str = "") -> Iterator[Finding]:
    """Yield when there is no visible way to leave; `url` is the one the headers name."""
    links = [(a.get("href", ""), words_of(a)) for a in page.elements("a")]
    if not any(_LEAVING.search(f"{address} {said}") for address, said in links):
        yield Finding(
            "unsubscribe",
            Level.ERROR,
            "no link in the page lets a reader leave",
            "link to the unsubscribe page, in words, in the footer",
        )
    if text is not None and not (_LEAVING.search(text) or (url and url in text)):
        yield Finding(
            "unsubscribe",
            Level.ERROR,
            "the text part does not say how to leave",
            "put the unsubscribe link into its footer",
        )


def check_address(page: Page, address_lines: Sequence[str]) -> Iterator[Finding]:
    """Yield when the sender's postal address is missing; `address_lines` is ours, if we know it."""
    said = page.visible_text
    if address_lines and all(" ".join(line.split()) in said for line in address_lines):
        return
    words = said.split()
    foot = " ".join(words[int(len(words) * (1 - _FOOT)) :])
    if any(True for _ in page.elements("address")) or _PLACE.search(foot):
        return
    yield Finding(
        "postal-address",
        Level.ERROR,
        "there is no postal address: the law of the United States and others ask for one",
        "write it into the footer (MAILER_POSTAL_ADDRESS)",
    )
