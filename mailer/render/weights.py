"""What the parts of a mail weigh on the wire, so that a digest can be fitted before it is drawn.

Probes go the same way as mails: templates, inlining, quoted-printable. Two probes that differ in
one part tell its weight: a part stands on lines of its own, and lines are encoded one by one. What depends on the reader is probed at its heaviest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

from mailer.core.digests import Item, Reason, Section, Shown, Weights
from mailer.core.letters import Letter
from mailer.core.readers import Cadence, MailFormat, Newsletter
from mailer.core.stories import SeeAlso, Story
from mailer.core.tags import Vocabulary
from mailer.core.tokens import Signer
from mailer.render.letter_views import (
    MOST_REFERENCES,
    PREHEADER,
    REFERENCE_URL,
    Mark,
    clean,
    unmarked,
    view_letter,
)
from mailer.render.links import Links
from mailer.render.message import build_message
from mailer.render.pages import Mail, Pages
from mailer.render.sentinels import Sentinels
from mailer.render.site import Site
from mailer.render.speech import Speech, in_zone, speech_of, zone_of
from mailer.render.views import MailView
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
_PART_SLACK: Final = 64

# A date differs with the reader's zone: these are the first, the middle and the last to see a day.
_ZONES: Final = ("Etc/GMT+12", "UTC", "Etc/GMT-14")


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
            key="probe",
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

    def weights(self, stories: Sequence[Story]) -> Weights:
        first, second = (_item(_anchor(number), Shown.FULL) for number in (1, 2))
        linked = (_item(_anchor(3), Shown.LINKED),) * _LINKED
        alone = self._body((first,))
        both = self._body((first, second))
        apart = self._body((first,), (second,))
        section, full = apart - both, both - alone
        return Weights(
            limit=self._scales.limit,
            frame=self._message(first) - section - full + _FRAME_SLACK,
            section=section + _PART_SLACK,
            more=self._body((first, *linked)) - alone + _PART_SLACK,
            full={s.id: self._story(s, Shown.FULL, first) - alone for s in stories},
            headline={s.id: self._story(s, Shown.HEADLINE, first) - alone for s in stories},
        )

    def _story(self, story: Story, shown: Shown, first: Item) -> int:
        zone = max(_ZONES, key=lambda name: wire_length(self._when(story, name)))
        return self._body((first, _item(story, shown)), zone=zone) + _PART_SLACK

    def _when(self, story: Story, zone: str) -> str:
        published = in_zone(story.published_at, zone_of(zone))
        return self._speech.day(published) + self._speech.time(published)

    def _body(self, *sections: tuple[Item, ...], zone: str = "UTC") -> int:
        mail = self._mail(sections, zone)
        parts = [mail.text, mail.html] if mail.html else [mail.text]
        return sum(len(quoted_printable(part)) for part in parts)

    def _message(self, first: Item) -> int:
        mail = self._mail(((first,),), "UTC")
        return len(build_message(self._letter, mail, self._scales.site, self._scales.signer))

    def _mail(self, sections: Sequence[tuple[Item, ...]], zone: str) -> Mail:
        letter = replace(
            self._letter,
            timezone=zone,
            sections=tuple(Section(_ID, _WORDS, items) for items in sections),
        )
        html = ""
        if letter.format is MailFormat.HTML:
            sentinels = Sentinels(letter.key)
            html = self._scales.pages.html(letter, self._view(letter, sentinels.mark), sentinels)
        text = self._scales.pages.text(letter, self._view(letter, unmarked))
        return Mail(_SUBJECT, "", text, html)

    def _view(self, letter: Letter, mark: Mark) -> MailView:
        """Return the view with everything that depends on all stories together at its heaviest."""
        view = view_letter(letter, self._scales.site, self._links, self._vocabulary, mark)
        return replace(
            view,
            day=self._day,
            stories=self._speech.say_count("{count} story", "{count} stories for you", _LINKED),
            others=self._speech.say_count("and {count}", "and {count} more stories", _LINKED),
            preheader=clean(_NAME, PREHEADER),
        )


def _anchor(number: int) -> Story:
    """Return a plain story that leads every probe, with as much to see also as a lead may have."""
    at = datetime(2026, 1, 15, 12, tzinfo=UTC)
    return Story(
        id=_ID - number,
        uid="anchor",
        revision=1,
        title="Anchor",
        url="",
        summary="Anchor.",
        byline="",
        dateline="",
        language="",
        published_at=at,
        eligible_at=at,
        see_also=(SeeAlso(_NAME, _REFERENCE_URL, at.date()),) * MOST_REFERENCES,
    )


def _item(story: Story, shown: Shown) -> Item:
    return Item(replace(story, id=_ID), shown, (Reason(_ID, _WORDS, _WORDS),))


@cache
def _heaviest_day(speech: Speech) -> str:
    first = date(2024, 1, 1)
    days = (speech.weekday(first + timedelta(days=number)) for number in range(366))
    return max(days, key=wire_length)
