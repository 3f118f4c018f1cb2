"""The outlook of a choice, as pages show it."""

from dataclasses import dataclass
from datetime import date

from mailer.core.expressions import point_at
from mailer.core.stories import Story
from mailer.errors import ExpressionError
from mailer.flows.outlook import Newsroom, Outlook
from mailer.render.follow_words import FollowWords
from mailer.render.links import usable_address
from mailer.render.speech import in_zone, zone_of
from mailer.web.reader.drafts import Draft, chosen_newsletter
from mailer.web.visits import Visit

_SHOWN = 5
_WEEKS_A_MONTH = 52 / 12


@dataclass(frozen=True, slots=True)
class Headline:
    """One story that would have come."""

    title: str
    url: str
    kicker: str
    on: date


@dataclass(frozen=True, slots=True)
class OutlookView:
    """`rate` says how much mail it is; `topics` what each follow means and how often it matched."""

    rate: str = ""
    topics: tuple[tuple[str, str], ...] = ()
    headlines: tuple[Headline, ...] = ()
    more_count: int = 0
    picture: str = ""
    is_empty: bool = True


def show_outlook(visit: Visit, newsroom: Newsroom, draft: Draft) -> OutlookView:
    """Return the outlook of a form as it stands; an expression that cannot be read as a picture."""
    follows = draft.follows()
    if not follows or not newsroom.newsletters:
        return OutlookView()
    newsletter = chosen_newsletter(draft, newsroom) or newsroom.newsletters[0]
    zone = draft.timezone or newsletter.timezone
    try:
        for wanted in follows:
            newsroom.check(newsletter, wanted)
        outlook = newsroom.outlook(newsletter, follows, zone)
    except ExpressionError as error:
        return OutlookView(picture=point_at(error), is_empty=False)
    words = FollowWords(newsroom.vocabulary, visit.speech.language)
    counted = [
        visit.speech.say_count("{count} story in 14 days", "{count} stories in 14 days", count)
        for count in outlook.counts
    ]
    return OutlookView(
        rate=say_rate(visit, outlook),
        topics=tuple(
            (words.topic(wanted.expression), count)
            for wanted, count in zip(follows, counted, strict=True)
        ),
        headlines=tuple(_headline(story, words, zone) for story in outlook.stories[:_SHOWN]),
        more_count=max(0, len(outlook.stories) - _SHOWN),
        is_empty=False,
    )


def say_rate(visit: Visit, outlook: Outlook) -> str:
    """Return how much mail that is: "about 4 mails a week"."""
    rate, speech = outlook.mails_a_week, visit.speech
    if rate == 0:
        return speech.say("Nothing in the last 14 days: no mail would have come.")
    if rate < 1:
        count = max(1, round(rate * _WEEKS_A_MONTH))
        return speech.say_count("About {count} mail a month", "About {count} mails a month", count)
    return speech.say_count("About {count} mail a week", "About {count} mails a week", round(rate))


def _headline(story: Story, words: FollowWords, zone: str) -> Headline:
    kicker = " – ".join(words.label(slug) for slug in story.kicker)
    on = in_zone(story.published_at, zone_of(zone)).date()
    return Headline(story.title, usable_address(story.url), kicker, on)
