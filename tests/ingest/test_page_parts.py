"""One thing changed on a printed page, and the list under it."""

from datetime import date

import pytest

from mailer.core.stories import SeeAlso, StoryDraft
from mailer.ingest.documents import read_document
from tests.ingest.printed import LEAD, PAGE, replaced

SEE_ALSO = (
    SeeAlso("A timetable for sleepers", "", date(2016, 2, 12)),
    SeeAlso("The pier that outlived its ferry", "", date(2017, 8, 11)),
    SeeAlso("Osaka counts its lanterns", "", date(2006, 1, 24)),
)
LIST = """\
See also
A timetable for sleepers
12/02/2016 15:14
The pier that outlived its ferry
11/08/2017 20:05
Osaka counts its lanterns
24/01/2006
"""
BOX = """\
Newsletter

Subscribe to Meridian Desk updates or change your preferences

Subscribe now
"""


def read(text: str) -> StoryDraft:
    (draft,) = read_document(text.encode(), name="page.txt").drafts
    return draft


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        pytest.param([("SOUTH KOREA – JAPAN\n", "")], "kicker", (), id="no kicker"),
        pytest.param(
            [("SOUTH KOREA – JAPAN", "SINGAPORE")], "kicker", ("Singapore",), id="one place"
        ),
        pytest.param([(f"{LEAD}\n", "")], "summary", "", id="no lead"),
        pytest.param([("by Yun Ha-eun\n", "")], "byline", "", id="no byline"),
        pytest.param(
            [("by Yun Ha-eun", "By Yun Ha-eun and Ito Mari")],
            "byline",
            "Yun Ha-eun and Ito Mari",
            id="two names",
        ),
        pytest.param([("by Yun", "di Yun")], "byline", "Yun Ha-eun", id="Italian byline"),
        pytest.param(
            [("by Yun Ha-eun", "de Ana María de la Cruz")],
            "byline",
            "Ana María de la Cruz",
            id="Spanish byline",
        ),
        pytest.param([("Busan (Meridian) – ", "")], "dateline", "", id="no dateline"),
        pytest.param(
            [("Busan (Meridian) – ", "Busan (Meridian/Agencies) - ")],
            "dateline",
            "Busan",
            id="hyphen",
        ),
        pytest.param(
            [("Busan (Meridian) – ", "BUSAN – ")], "dateline", "Busan", id="place in capitals"
        ),
        pytest.param(
            [("Busan (Meridian) – ", "Busan, Oct 16 – ")], "dateline", "Busan", id="place and day"
        ),
        pytest.param(
            [("TAGs\n", "TAGs\nferries\nSea travel, sleep\n")],
            "topics",
            ("ferries", "Sea travel", "sleep"),
            id="tags",
        ),
        pytest.param(
            [("TAGs\n", "Tags: ferries, sleep\n")],
            "topics",
            ("ferries", "sleep"),
            id="tags on the line",
        ),
        pytest.param(
            [(LIST, "")],
            "see_also",
            (),
            id="no list",
        ),
        pytest.param(
            [("24/01/2006\n", "24/01/2006\n“Free” tickets, and who pays\n27/09/2005\n")],
            "see_also",
            (*SEE_ALSO, SeeAlso("“Free” tickets, and who pays", "", date(2005, 9, 27))),
            id="a quoted title is no motto",
        ),
        pytest.param(
            [
                (
                    BOX,
                    "",
                )
            ],
            "see_also",
            SEE_ALSO,
            id="the motto right after the list",
        ),
        pytest.param(
            [("Newsletter\n", "Via Example 11, Busan\n")],
            "see_also",
            SEE_ALSO,
            id="an address after the list",
        ),
    ],
)
def test_what_is_missing_or_other_changes_only_itself(
    changes: list[tuple[str, str]], field: str, value: object
) -> None:
    draft, whole = read(replaced(*changes)), read(PAGE)
    assert getattr(draft, field) == value
    others = [name for name in StoryDraft.__slots__ if name != field]
    assert {name: getattr(draft, name) for name in others} == {
        name: getattr(whole, name) for name in others
    }


@pytest.mark.parametrize(
    ("listed", "dates"),
    [
        pytest.param(
            "05/06/2016\nOne title here\n13/02/2016\nTwo titles here\n",
            (date(2016, 6, 5), date(2016, 2, 13)),
            id="dates first, one decides day first",
        ),
        pytest.param(
            "One title here\n05/06/2016\nTwo titles here\n02/13/2016\n",
            (date(2016, 5, 6), date(2016, 2, 13)),
            id="one decides month first",
        ),
        pytest.param(
            "One title here\n05/06/2016\n", (date(2016, 6, 5),), id="day first when all is open"
        ),
        pytest.param(
            "One title here\n05/11/2023\n", (date(2023, 5, 11),), id="never later than the article"
        ),
        pytest.param(
            "One title here (12 February 2016)\nTwo titles here, 05/06/2016\n",
            (date(2016, 2, 12), date(2016, 6, 5)),
            id="dates at the end of lines",
        ),
        pytest.param(
            "12/02/2016 15:14 - One title here\n- Two titles here\n",
            (date(2016, 2, 12), None),
            id="one line, one without date",
        ),
        pytest.param(
            "16 May 2016 - One title here\nTwo titles here (3 June 2016)\n",
            (date(2016, 5, 16), date(2016, 6, 3)),
            id="each line another way",
        ),
        pytest.param(
            "One title here\nTwo titles here, after the treaty of 12 May 1976\n",
            (None, None),
            id="a date inside a title",
        ),
        pytest.param(
            "JAPAN – CHINA\nOne title here\n12/02/2016\nJAPAN\nTwo titles here\n13/02/2016\n",
            (date(2016, 2, 12), date(2016, 2, 13)),
            id="kickers over titles",
        ),
    ],
)
def test_a_list_keeps_one_order_of_day_and_month(
    listed: str, dates: tuple[date | None, ...]
) -> None:
    page = PAGE.split("See also\n")[0] + "See also\n" + listed
    found = read(page).see_also
    assert tuple(other.published_on for other in found) == dates
    assert [other.title[:15].rstrip() for other in found] == [
        "One title here",
        "Two titles here",
    ][: len(dates)]
