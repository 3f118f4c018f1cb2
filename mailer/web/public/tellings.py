"""Stories as pages tell them: labels for slugs, dates in its language, links that are safe."""

from dataclasses import dataclass
from urllib.parse import quote

from mailer.core.hygiene import clean_header
from mailer.core.stories import Story
from mailer.core.tags import Vocabulary
from mailer.render.languages import direction_of, language_of, same_language
from mailer.render.links import story_path, usable_address
from mailer.render.speech import Speech, in_zone, zone_of

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class TagLink:
    """A tag on a page, and the form that follows it."""

    label: str
    path: str


@dataclass(frozen=True, slots=True)
class Telling:
    """One story on a page. What is not known is empty; `language` when it is the page's own."""

    title: str
    path: str
    summary: str
    facts: str
    day: str
    published: str
    kicker: tuple[TagLink, ...]
    topics: tuple[TagLink, ...]
    source_url: str
    language: str
    direction: str


def tell(story: Story, vocabulary: Vocabulary, speech: Speech, timezone: str = "UTC") -> Telling:
    """Return a story as a page in this language tells it."""
    published = in_zone(story.published_at, zone_of(timezone))
    day = speech.day(published)
    byline = clean_header(story.byline, _LONGEST)
    if byline:
        byline = speech.say("By {name}", name=byline.removeprefix("by "))
    facts = (clean_header(story.dateline, _LONGEST), byline, day)
    language = language_of(story.language)
    return Telling(
        title=clean_header(story.title, _LONGEST) or speech.say("A story without a headline"),
        path=story_path(story),
        summary=clean_header(story.summary, 1_000),
        facts=" · ".join(fact for fact in facts if fact),
        day=day,
        published=published.isoformat(),
        kicker=tuple(tag_link(slug, vocabulary) for slug in story.kicker),
        topics=tuple(tag_link(slug, vocabulary) for slug in story.topics),
        source_url=usable_address(story.url),
        language="" if same_language(language, speech.language) else language,
        direction=direction_of(language or speech.language),
    )


def tag_link(slug: str, vocabulary: Vocabulary) -> TagLink:
    """Return a tag as a link to the form that follows it."""
    return TagLink(clean_header(vocabulary.label(slug), 80), f"/?tags={quote(slug)}")
