"""From a notice to the view its templates see, and what every notice must have kept."""

from dataclasses import dataclass
from typing import Final

from mailer.core.hygiene import clean_header
from mailer.core.notices import RULES, Link, Notice, Word
from mailer.errors import RenderError
from mailer.render.languages import direction_of
from mailer.render.links import Links, usable_address
from mailer.render.sayings import EMAIL, NAME, clean
from mailer.render.site import Site, address_lines
from mailer.render.speech import in_zone, speech_of, zone_of

_WORD: Final = (2_000, 12_000)
_MOST_WORDS: Final = 100


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One notice. `words` and `links` are its occasion's own; `newsletter` may be the site's name.

    The two addresses at the end are empty unless the notice belongs to a subscription.
    """

    language: str
    direction: str
    site: str
    newsletter: str
    newsletter_capitals: str
    day: str
    name: str
    email: str
    words: dict[str, Word]
    links: dict[str, str]
    address_lines: tuple[str, ...]
    preferences_url: str
    unsubscribe_url: str


def view_notice(notice: Notice, site: Site, links: Links) -> NoticeView:
    """Return what the templates of a notice see; raises RenderError for a link to nowhere."""
    speech = speech_of(notice.locale)
    newsletter = notice.newsletter
    zone = zone_of(notice.timezone, newsletter.timezone if newsletter else "UTC")
    name = clean_header(newsletter.name if newsletter else site.name)
    preferences_url = unsubscribe_url = ""
    if is_listed(notice):
        preferences_url = links.preferences_of(notice.reader_id, notice.subscription_id)
        unsubscribe_url = links.unsubscribe_from(notice.subscription_id)
    return NoticeView(
        language=speech.language,
        direction=direction_of(speech.language),
        site=clean_header(site.name),
        newsletter=name,
        newsletter_capitals=name.upper(),
        day=speech.weekday(in_zone(notice.as_of, zone)),
        name=clean(notice.name, NAME),
        email=clean(notice.email, EMAIL),
        words={key: _word(word) for key, word in notice.told.words.items()},
        links={key: _address(key, link, links) for key, link in notice.told.links.items()},
        address_lines=address_lines(site),
        preferences_url=preferences_url,
        unsubscribe_url=unsubscribe_url,
    )


def is_listed(notice: Notice) -> bool:
    """Say whether the notice belongs to a subscription, as a digest does."""
    return RULES[notice.occasion].listed and notice.subscription_id is not None


def _word(word: Word) -> Word:
    if isinstance(word, tuple):
        return tuple(clean(line, _WORD) for line in word[:_MOST_WORDS])
    return clean(word, _WORD) if isinstance(word, str) else word


def _address(name: str, link: Link, links: Links) -> str:
    if link.purpose is not None:
        return links.page(link.purpose, *link.parts)
    address = links.public(link.path) if link.path else usable_address(link.url)
    if not address:
        raise RenderError(
            f"the link '{name}' leads nowhere: give it a purpose, a path or an address"
        )
    return address
