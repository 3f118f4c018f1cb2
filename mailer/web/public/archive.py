"""The archive of a newsletter, its issues, and its feed."""

import hashlib

from starlette.responses import Response

from mailer.core.stories import Story
from mailer.flows.read_archive import Archive, PublicIssue, read_archive, read_feed, read_issue
from mailer.render.atom import draw_feed
from mailer.render.speech import in_zone, zone_of
from mailer.web.public.stories import CACHED
from mailer.web.public.tellings import Telling, tell
from mailer.web.visits import Area, Visit, Visiting

router = Area()


@router.get("/n/{newsletter}")
def archive(visit: Visiting, newsletter: str) -> Response:
    """List the issues of a newsletter."""
    found = read_archive(visit.room.desk.database, newsletter, now=visit.now)
    return visit.page(
        "archive.html",
        headers=CACHED,
        newsletter=found.newsletter,
        issues=[_issue(visit, found, one, most=3) for one in found.issues],
    )


@router.get("/n/{newsletter}/feed.xml")
def feed(visit: Visiting, newsletter: str) -> Response:
    """Return the newsletter's newest stories as an Atom feed."""
    found = read_feed(visit.room.desk.database, newsletter, now=visit.now)
    content = draw_feed(found.newsletter, found.entries, visit.room.desk.site)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": "public, max-age=300", "ETag": tag}
    if tag in visit.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/atom+xml", headers=headers)


@router.get("/n/{newsletter}/{run_id:int}")
def issue(visit: Visiting, newsletter: str, run_id: int) -> Response:
    """Show one issue: what the newsletter had to tell."""
    found = read_issue(visit.room.desk.database, newsletter, run_id, now=visit.now)
    return visit.page(
        "issue.html",
        headers=CACHED,
        newsletter=found.newsletter,
        issue=_issue(visit, found, found.issues[0], most=200),
    )


def _issue(visit: Visit, archive: Archive, public: PublicIssue, *, most: int) -> dict[str, object]:
    zone = archive.newsletter.timezone

    def told(story: Story) -> Telling:
        return tell(story, archive.vocabulary, visit.speech, zone)

    count = len(public.stories)
    return {
        "path": f"/n/{archive.newsletter.slug}/{public.issue.run_id}",
        "day": visit.speech.weekday(in_zone(public.issue.as_of, zone_of(zone))),
        "count": visit.speech.say_count("{count} story", "{count} stories", count),
        "stories": [told(story) for story in public.stories[:most]],
    }
