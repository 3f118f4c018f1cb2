"""Read the archive: a newsletter's issues as everybody may see them, whoever got what.

An issue is what its newsletter had to tell in the window of its run. What single readers got of
it is theirs; stories that were retracted since, or are not out yet, are not told.
"""

from dataclasses import dataclass
from datetime import datetime

from mailer.core.expressions import Expression, matches, parse
from mailer.core.readers import Newsletter
from mailer.core.stories import Story
from mailer.core.tags import Vocabulary
from mailer.errors import NotFoundError
from mailer.render.speech import in_zone, zone_of
from mailer.store.database import Connection, Database
from mailer.store.newsletters import find_newsletter
from mailer.store.public_stories import Issue, list_issues, public_stories, revised_at
from mailer.store.tags import read_vocabulary

_MOST_ISSUES = 60
_MOST_STORIES = 500
_MOST_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class PublicIssue:
    """An issue with its stories, newest first."""

    issue: Issue
    stories: tuple[Story, ...]


@dataclass(frozen=True, slots=True)
class Archive:
    """A newsletter's issues, the latest first; none without a story."""

    newsletter: Newsletter
    vocabulary: Vocabulary
    issues: tuple[PublicIssue, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """A newsletter's newest stories, each with when its text last changed."""

    newsletter: Newsletter
    entries: tuple[tuple[Story, datetime], ...]


def read_archive(database: Database, slug: str, *, now: datetime) -> Archive:
    """Return the archive of a newsletter; raises NotFoundError.

    Runs of several lanes are one issue: the last of each day in the newsletter's own zone.
    """
    with database.read() as connection:
        newsletter = find_newsletter(connection, slug)
        vocabulary = read_vocabulary(connection)
        zone = zone_of(newsletter.timezone)
        days: dict[tuple[str, str], Issue] = {}
        for issue in list_issues(connection, newsletter.id, now=now, limit=_MOST_ISSUES):
            day = in_zone(issue.as_of, zone).date().isoformat()
            days.setdefault((issue.cadence, day), issue)
        issues = list(days.values())[:_MOST_ISSUES]
        told = _told(connection, newsletter, vocabulary, issues, now)
    public = []
    for issue in issues:
        stories = tuple(s for s in told if issue.start_at <= s.eligible_at < issue.as_of)
        if stories:
            public.append(PublicIssue(issue, stories))
    return Archive(newsletter, vocabulary, tuple(public))


def read_issue(database: Database, slug: str, run_id: int, *, now: datetime) -> Archive:
    """Return an archive of this issue alone; raises NotFoundError when it has none to show."""
    with database.read() as connection:
        newsletter = find_newsletter(connection, slug)
        vocabulary = read_vocabulary(connection)
        issues = list_issues(connection, newsletter.id, now=now, limit=_MOST_STORIES)
        found = [issue for issue in issues if issue.run_id == run_id]
        told = _told(connection, newsletter, vocabulary, found, now)
    if not told:
        raise NotFoundError(f"'{slug}' has no issue {run_id}")
    return Archive(newsletter, vocabulary, (PublicIssue(found[0], tuple(told)),))


def read_feed(database: Database, slug: str, *, now: datetime) -> Feed:
    """Return what a newsletter's feed holds; raises NotFoundError."""
    with database.read() as connection:
        newsletter = find_newsletter(connection, slug)
        base = parse(newsletter.base_expression or "*", vocabulary := read_vocabulary(connection))
        found = public_stories(connection, now=now, limit=_MOST_STORIES)
        told = [s for s in found if matches(base, s.tags, vocabulary)][:_MOST_ENTRIES]
        changed = revised_at(connection, [story.id for story in told])
    entries = tuple((story, max(changed[story.id], story.published_at)) for story in told)
    return Feed(newsletter, entries)


def _told(
    connection: Connection,
    newsletter: Newsletter,
    vocabulary: Vocabulary,
    issues: list[Issue],
    now: datetime,
) -> list[Story]:
    if not issues:
        return []
    base: Expression = parse(newsletter.base_expression or "*", vocabulary)
    found = public_stories(
        connection,
        now=now,
        start_at=min(issue.start_at for issue in issues),
        end_at=max(issue.as_of for issue in issues),
        limit=_MOST_STORIES * 4,
    )
    return [story for story in found if matches(base, story.tags, vocabulary)]
