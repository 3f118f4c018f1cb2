"""What the parts of a mail weigh on the wire, so that a digest can be fitted before it is drawn.

Probes go the same way as mails: templates, inlining, quoted-printable. In a probe every story
stands between two anchors, stories that are all alike. A part stands on lines of its own and lines
are encoded one by one, so what lies between two anchors, less one anchor, is what the part weighs.
What depends on the reader is probed at its heaviest.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from typing import Final

from mailer.core.digests import Item, Reason, Section, Shown, Weights
from mailer.core.letters import Letter
from mailer.core.readers import Cadence, MailFormat, Newsletter
from mailer.core.stories import SeeAlso, Story
from mailer.core.tags import Vocabulary
from mailer.core.tokens import Signer
from mailer.render.letter_views import view_letter
from mailer.render.links import Links
from mailer.render.message import build_message
from mailer.render.pages import Mail, Pages
from mailer.render.sayings import (
    MOST_REFERENCES,
    PREHEADER,
    REFERENCE_URL,
    clean,
)
from mailer.render.site import Site
from mailer.render.speech import Speech, in_zone, speech_of, zone_of
from mailer.render.wire import quoted_printable, wire_length

# The heaviest reader. Ids of twelve digits outlast every database we will see.
_ID: Final = 10**12 - 1
_EMAIL: Final = f"{'m' * 64}@{'d' * 60}.{'d' * 60}.{'d' * 59}.example"
_NAME: Final = "\N{MATHEMATICAL BOLD CAPITAL M}" * 80
_REFERENCE_URL: Final = "https://".ljust(REFERENCE_URL, "=")
_SUBJECT: Final = "\N{MATHEMATICAL BOLD CAPITAL M}" * 200
# Longer than any expression, so it is never taken for one.
_WORDS: Final = "m" * 7_000
_LINKED: Final = 9_999
# No run of letters in it repeats, so the token over it is not made shorter by compression.
_LOCAL_PART: Final = "0a1B2c3D4e5F6g7H8i9JkLmNoPqRsTuVwXyZKlMnOpQrStUvWx"

# A probe breaks its lines at other places than a mail does. Each soft break of quoted-printable
# is 3 bytes and each wrapped line of text 1 and its indentation; no part has more than these.
_FRAME_SLACK: Final = 512
_PART_SLACK: Final = 40
# In HTML an edition has two more soft breaks around each of a dozen slots of the frame, and around
# the three of a story.
_FRAME_SLOTS: Final = 256
_PART_SLOTS: Final = 40

# A date differs with the reader's zone: these are the first, the middle and the last to see a day.
_ZONES: Final = ("UTC", "Etc/GMT+12", "Etc/GMT-14")
_AT_ONCE: Final = 200  # Pages of a megabyte: inlining takes more than twice as long for two.


@dataclass(frozen=True, slots=True)
class Scales:
    """Weighs with the templates of one site."""

    pages: Pages
    site: Site
    signer: Signer
    limit: int

    def weigh(  # noqa: PLR0917 - in the order of a letter
        self,
        newsletter: Newsletter,
        cadence: Cadence,
        locale: str,
        format: MailFormat,
        stories: Sequence[Story],
        vocabulary: Vocabulary,
    ) -> Weights:
        """Return upper bounds for frame, section, more line, and each story full and short."""
        letter = Letter(
            key=self.signer.keyed_hash("probe"),
            message_id=f"<{_LOCAL_PART}@{newsletter.sender_address.rpartition('@')[2]}>",
            newsletter=newsletter,
            cadence=cadence,
            as_of=datetime(2026, 1, 15, 12, tzinfo=UTC),
            reader_id=_ID,
            subscription_id=_ID,
            email=_EMAIL,
            name=_NAME,
            locale=locale,
            timezone="UTC",
            format=format,
            sections=(),
        )
        return _Weighing(self, letter, vocabulary).weights(stories)


class _Weighing:
    """One weighing: probes of one letter, told apart by their stories."""

    def __init__(self, scales: Scales, letter: Letter, vocabulary: Vocabulary) -> None:
        self._scales = scales
        self._letter = letter
        self._links = Links(scales.site, scales.signer)
        self._vocabulary = vocabulary
        self._speech = speech_of(letter.locale)
        self._day = _heaviest_day(self._speech)
        is_html = letter.format is MailFormat.HTML
        self._frame_slack = _FRAME_SLACK + _FRAME_SLOTS * is_html
        self._part_slack = _PART_SLACK + _PART_SLOTS * is_html
        # No story knows this name, so none can pass for an anchor.
        self._anchor = f"anchor{scales.signer.keyed_hash('anchor')[:12]}x"

    def weights(self, stories: Sequence[Story]) -> Weights:
        anchors = self._anchors()
        # The first is the lead, which has more to it; the second begins what is even.
        first, second, third, fourth, last = (next(anchors) for _ in range(5))
        linked = [_item(third.story, Shown.LINKED)] * _LINKED
        mail = self._mail([[first, second, third], [fourth, *linked], [last]], "UTC")
        between = self._between(mail)
        anchor = between[1]
        section = between[2] - anchor
        more = between[3] - section - anchor
        whole = len(build_message(self._letter, mail, self._scales.site, self._scales.signer))
        return Weights(
            limit=self._scales.limit,
            frame=whole - 5 * anchor - 3 * section - more + self._frame_slack,
            # In an alert a section has no heading, and the line between two stories falls away.
            section=max(section, 0) + self._part_slack,
            more=more + self._part_slack,
            full=self._stories(stories, Shown.FULL, anchor),
            headline=self._stories(stories, Shown.HEADLINE, anchor),
        )

    def _stories(self, stories: Sequence[Story], shown: Shown, anchor: int) -> dict[int, int]:
        weights: dict[int, int] = {}
        for zone in _ZONES:
            here = [story for story in stories if self._heaviest_zone(story) == zone]
            for start in range(0, len(here), _AT_ONCE):
                batch = here[start : start + _AT_ONCE]
                anchors = self._anchors()
                items = [next(anchors)]
                for story in batch:
                    items += [next(anchors), _item(story, shown)]
                between = self._between(self._mail([[*items, next(anchors)]], zone))
                for number, story in enumerate(batch, start=1):
                    weights[story.id] = between[number] - anchor + self._part_slack
        return weights

    def _heaviest_zone(self, story: Story) -> str:
        def weight(name: str) -> int:
            published = in_zone(story.published_at, zone_of(name))
            return wire_length(self._speech.day(published) + self._speech.time(published))

        return max(_ZONES, key=weight)

    def _mail(self, sections: Sequence[Sequence[Item]], zone: str) -> Mail:
        """Draw a probe; what depends on all its stories together is at its heaviest."""
        letter = replace(
            self._letter,
            timezone=zone,
            sections=tuple(Section(_ID, _WORDS, tuple(items)) for items in sections),
        )
        view = replace(
            view_letter(letter, self._scales.site, self._links, self._vocabulary),
            day=self._day,
            stories=self._speech.say_count(
                "{count} story for you", "{count} stories for you", _LINKED
            ),
            others=self._speech.say_count(
                "and {count} more story", "and {count} more stories", _LINKED
            ),
            preheader=clean(_NAME, PREHEADER),
        )
        pages = self._scales.pages
        # Not weighed, but a broken one is found out before anyone is mailed.
        pages.subject(letter, view)
        html = pages.html(letter, view) if letter.format is MailFormat.HTML else ""
        return Mail(_SUBJECT, "", pages.text(letter, view), html)

    def _between(self, mail: Mail) -> Counter[int]:
        """Return what weighs from the line that names an anchor to the one that names the next."""
        name = re.compile(rf"{self._anchor}([0-9]{{6}})", re.IGNORECASE)
        weights: Counter[int] = Counter()
        for part in (mail.text, mail.html):
            anchor = None
            for line in part.splitlines():
                if named := name.search(line):
                    anchor = int(named[1])
                if anchor is not None:
                    weights[anchor] += len(quoted_printable(line))
        return weights

    def _anchors(self) -> Iterator[Item]:
        """Yield stories that are all alike, with as much to see also as a lead may have."""
        at = datetime(2026, 1, 15, 12, tzinfo=UTC)
        for number in count():
            story = Story(
                id=_ID,
                uid="anchor",
                revision=1,
                title=f"{self._anchor}{number:06}",
                url="",
                summary="Anchor.",
                byline="",
                dateline="",
                language="",
                published_at=at,
                eligible_at=at,
                see_also=(SeeAlso(_NAME, _REFERENCE_URL, at.date()),) * MOST_REFERENCES,
            )
            yield _item(story, Shown.FULL)


def _item(story: Story, shown: Shown) -> Item:
    return Item(replace(story, id=_ID), shown, (Reason(_ID, _WORDS, _WORDS),))


@cache
def _heaviest_day(speech: Speech) -> str:
    first = date(2024, 1, 1)
    days = (speech.weekday(first + timedelta(days=number)) for number in range(366))
    return max(days, key=wire_length)
