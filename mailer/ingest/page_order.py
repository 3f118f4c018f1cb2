"""Which line of a page is the headline, and which is the kicker.

Pages print date, kicker, headline and byline in several orders, and some less than all of them.
"""

from collections.abc import Sequence
from typing import Final

from mailer.ingest.page_lines import Line, is_prose
from mailer.ingest.page_markup import PageFacts
from mailer.ingest.page_words import Role, folded

# Above a headline stand a site's name, a section and a date; what is longer is a menu.
_SHORT_HEAD: Final = 3


def find_headline(lines: Sequence[Line], facts: PageFacts) -> int | None:
    """Return the index of the headline; None when no line can be one.

    A title that the page's head names wins. Otherwise: the first plausible line under a kicker,
    else beside the date, else before the byline, else the first one.
    """
    first_prose = _first_prose(lines)
    named = _named(lines, facts.titles, first_prose)
    if named is not None:
        return named
    candidates = [
        index for index in range(first_prose) if lines[index].is_text and _wide(lines[index].text)
    ]
    if not candidates:
        return next((i for i in range(first_prose) if lines[i].is_text), None)
    for index in range(min(first_prose, candidates[-1])):
        if lines[index].is_kicker or _is_weak_kicker(lines, index):
            return next(candidate for candidate in candidates if candidate > index)
    return _beside_anchor(lines, candidates, first_prose)


def find_kicker(lines: Sequence[Line], headline: int) -> str:
    """Return the kicker nearest above the headline, else right below it; '' when there is none."""
    for index in range(headline - 1, -1, -1):
        if lines[index].is_kicker or _is_weak_kicker(lines, index, headline):
            return lines[index].text
    for line in lines[headline + 1 : headline + 6]:
        if line.is_kicker:
            return line.text
        if line.is_text:
            break
    return ""


def _first_prose(lines: Sequence[Line]) -> int:
    return next(
        (i for i, line in enumerate(lines) if line.is_text and is_prose(line.text)), len(lines)
    )


def _named(lines: Sequence[Line], titles: Sequence[str], first_prose: int) -> int | None:
    texts = [folded(line.text) for line in lines]
    for title in map(folded, titles):
        places = [i for i, text in enumerate(texts) if text == title and not lines[i].marker]
        if not places and (parts := [text for text in texts if _is_part(text, title)]):
            # 'Headline | Name of the site', or the other way round.
            longest = max(parts, key=len)
            places = [i for i, text in enumerate(texts) if text == longest and not lines[i].marker]
        if places:
            above = [index for index in places if index < first_prose]
            return above[-1] if above else places[0]
    return None


def _is_part(text: str, title: str) -> bool:
    begins = title.startswith((f"{text} ", f"{text}:"))
    return len(text) >= 15 and (begins or title.endswith(f" {text}"))


def _beside_anchor(lines: Sequence[Line], candidates: list[int], first_prose: int) -> int:
    window = range(min(len(lines), first_prose + 6))
    date = next((index for index in window if lines[index].date), None)
    byline = next((index for index in window if lines[index].byline), len(lines))
    anchor = byline if date is None else date
    above = [index for index in candidates if index < anchor]
    below = [index for index in candidates if index > anchor]
    if not above:
        return below[0]
    if len(above) > _SHORT_HEAD:
        return below[0] if below and date is not None else above[-1]
    if below and date is not None and len(lines[above[0]].text.split()) < 4:
        return below[0]  # Above the date stands only the name of the site.
    return above[0]


def _is_weak_kicker(lines: Sequence[Line], index: int, headline: int | None = None) -> bool:
    """Say whether a line that may be a kicker is one: first on the page, or beside the date."""
    if not lines[index].may_be_kicker:
        return False
    before = _neighbours(lines, range(index - 1, max(-1, index - 8), -1))
    after = _neighbours(lines, range(index + 1, min(len(lines), index + 8)))
    text = next((i for i in after[:3] if lines[i].is_text), None)
    if text is None or (headline is not None and text != headline):
        return False
    if headline is None and (is_prose(lines[text].text) or not _wide(lines[text].text)):
        return False
    return not before or any(lines[i].date for i in (*before[:1], *after[:1]))


def _neighbours(lines: Sequence[Line], places: range) -> list[int]:
    return [place for place in places if not _is_aside(lines[place])]


def _is_aside(line: Line) -> bool:
    return line.marker is not None and line.marker.role is Role.ASIDE


def _wide(text: str) -> bool:
    """Say whether a line has the size of a headline: two words or more, or five wide signs."""
    wide = sum(1 for character in text if character > "\u2e7f")
    return len(text) <= 300 and (len(text.split()) > 1 or wide >= 5)
