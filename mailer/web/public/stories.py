"""The page of a story, and the same for paper."""

import json

from starlette.responses import Response

from mailer.core.stories import SeeAlso
from mailer.flows.read_story import PublicStory, read_story
from mailer.render.follow_words import FollowWords
from mailer.render.links import usable_address
from mailer.render.paper import as_written
from mailer.render.speech import in_zone, zone_of
from mailer.web.public.tellings import Telling, tell
from mailer.web.visits import Area, Visit, Visiting, newsroom_of

router = Area()
# Corrections must show soon; a crowd that comes at once must not ask the store each time.
CACHED = {"Cache-Control": "public, max-age=60", "Vary": "Accept-Language"}


@router.get("/stories/{uid:path}/print")
def print_story(visit: Visiting, uid: str) -> Response:
    """Show a story as it is printed."""
    return _show(visit, uid, "story_print.html")


@router.get("/stories/{uid:path}")
def story(visit: Visiting, uid: str) -> Response:
    """Show a story with its tags, what to see also, and how to follow it."""
    return _show(visit, uid, "story.html")


def _show(visit: Visit, uid: str, template: str) -> Response:
    public = read_story(visit.room.desk.database, uid, now=visit.now)
    if public.story.retracted:
        return visit.page("story_gone.html", status=410, note=public.retraction_note)
    newsletters = newsroom_of(visit).newsletters
    zone = newsletters[0].timezone if newsletters else "UTC"
    told = tell(public.story, public.vocabulary, visit.speech, zone)
    beside = [tell(other, public.vocabulary, visit.speech, zone) for other in public.related]
    # The tags of the kicker are what the printed line is about; else the first topics.
    wanted = public.story.kicker or public.story.topics[:3]
    return visit.page(
        template,
        headers=CACHED,
        story=told,
        # The parsers sanitised it: core.stories, S11.
        body=as_written(public.story.body_html),
        printed=[_reference(visit, other) for other in public.story.see_also],
        related=beside,
        follow=FollowWords(public.vocabulary, visit.speech.language).topic(" & ".join(wanted)),
        follow_path=f"/?tags={','.join(wanted)}",
        changed=visit.speech.day(in_zone(public.changed_at, zone_of(zone))),
        was_changed=public.story.revision > 1,
        address=f"{visit.room.settings.public_url}{told.path}",
        linked_data=_linked_data(visit, public, told),
    )


def _reference(visit: Visit, other: SeeAlso) -> dict[str, str]:
    day = visit.speech.day(other.published_on) if other.published_on else ""
    return {"title": other.title, "url": usable_address(other.url), "day": day}


def _linked_data(visit: Visit, public: PublicStory, told: Telling) -> str:
    """Return the story for machines (schema.org NewsArticle), safe inside a script element."""
    facts: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": told.title,
        "datePublished": public.story.published_at.isoformat(),
        "dateModified": max(public.changed_at, public.story.published_at).isoformat(),
        "mainEntityOfPage": f"{visit.room.settings.public_url}{told.path}",
        "publisher": {"@type": "Organization", "name": visit.room.settings.site_name},
    }
    if told.summary:
        facts["description"] = told.summary
    if public.story.byline:
        facts["author"] = {"@type": "Person", "name": public.story.byline}
    text = json.dumps(facts, ensure_ascii=False)
    # A script element ends at "</", whatever stands around it.
    return as_written(text.replace("<", "\\u003c").replace("&", "\\u0026"))
