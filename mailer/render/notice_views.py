"""From a notice to the view its templates see, and what every notice must have kept."""

from dataclasses import dataclass
from html import escape
from typing import Final

from mailer.core.hygiene import clean_header
from mailer.core.notices import RULES, Link, Notice, Word, Written
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

    The two addresses are empty unless the notice belongs to a subscription. What is written is that
    of an operator's letter: its HTML is safe as it stands.
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
    written_subject: str = ""
    written_text: str = ""
    written_html: str = ""


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
    written = written_to(notice.written, clean(notice.name, NAME))
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
        written_subject=written[0],
        written_text=written[1],
        written_html=written[2],
    )


def written_to(written: Written | None, name: str) -> tuple[str, str, str]:
    """Return subject, text and HTML of a letter for a reader of this name, or of none."""
    if written is None:
        return "", "", ""
    if not name:
        return written.subject, written.bare_text, written.bare_html
    text = written.text.replace(written.marker, name)
    return written.subject, text, written.html.replace(written.marker, escape(name))


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
