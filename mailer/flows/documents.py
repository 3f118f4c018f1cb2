"""Values as JSON documents, with the field names of the outside contract."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from mailer.core.adhoc_letters import AdHocLetter
from mailer.core.clocks import quiet_text
from mailer.core.digests import Why
from mailer.core.readers import Newsletter, Reader
from mailer.core.runs import PlannedMail, Run
from mailer.core.stories import Story
from mailer.flows.draft_plan import Plan
from mailer.store.ledger_reading import DeliveryRow, EventRow
from mailer.store.preferences import FollowRecord, MuteRecord
from mailer.store.suppressions import Suppression

Document = dict[str, Any]


def moment(value: datetime | None) -> str | None:
    """Write an instant as ISO 8601 with offset."""
    return None if value is None else value.isoformat()


def story_document(story: Story) -> Document:
    """A story; `tags` are slugs, kicker order first."""
    return {
        "uid": story.uid,
        "title": story.title,
        "url": story.url,
        "summary": story.summary,
        "tags": list(story.tags),
        "kicker": list(story.kicker),
        "byline": story.byline,
        "dateline": story.dateline,
        "language": story.language,
        "published_at": moment(story.published_at),
        "eligible_at": moment(story.eligible_at),
        "revision": story.revision,
        "urgent": story.urgent,
        "retracted": story.retracted,
        "see_also": [
            {
                "title": other.title,
                "url": other.url,
                "published_on": other.published_on and other.published_on.isoformat(),
            }
            for other in story.see_also
        ],
    }


def newsletter_document(newsletter: Newsletter) -> Document:
    """A newsletter."""
    return {
        "slug": newsletter.slug,
        "name": newsletter.name,
        "description": newsletter.description,
        "sender_name": newsletter.sender_name,
        "sender_address": newsletter.sender_address,
        "reply_to": newsletter.reply_to,
        "template": newsletter.template,
        "locales": list(newsletter.locales),
        "cadences": list(newsletter.cadences),
        "base_expression": newsletter.base_expression,
        "timezone": newsletter.timezone,
    }


def reader_document(reader: Reader) -> Document:
    """A reader, without her preferences."""
    return {
        "email": reader.email,
        "name": reader.name,
        "state": reader.state,
        "locale": reader.locale,
        "timezone": reader.timezone,
        "hour": reader.hour,
        "format": reader.format,
        "quiet": quiet_text(reader.quiet),
        "paused_until": moment(reader.paused_until_at),
        "created_at": moment(reader.created_at),
    }


def follow_document(follow: FollowRecord) -> Document:
    """A follow; `ended_at` is null while it lasts."""
    return {
        "newsletter": follow.newsletter,
        "expression": follow.expression,
        "canonical": follow.canonical,
        "cadence": follow.cadence,
        "started_at": moment(follow.started_at),
        "cursor_at": moment(follow.cursor_at),
        "ended_at": moment(follow.ended_at),
        "end_reason": follow.end_reason,
    }


def mute_document(mute: MuteRecord) -> Document:
    """A mute; `ended_at` is null while it lasts."""
    return {
        "expression": mute.expression,
        "canonical": mute.canonical,
        "started_at": moment(mute.started_at),
        "ended_at": moment(mute.ended_at),
    }


def planned_document(mail: PlannedMail) -> Document:
    """One reader's part of a plan: items with reasons, and what was left out and why."""
    digest = mail.composition.digest
    return {
        "email": mail.follower.reader.email,
        "items": [
            {
                "uid": item.story.uid,
                "title": item.story.title,
                "revision": item.story.revision,
                "section": section.expression,
                "shown": item.shown,
                "reasons": [str(reason) for reason in item.reasons],
            }
            for section in (digest.sections if digest else ())
            for item in section.items
        ],
        "omitted": [
            {"uid": omission.uid, "why": omission.why, "detail": omission.detail}
            for omission in mail.composition.omissions
        ],
    }


def plan_document(plan: Plan) -> Document:
    """A dry run."""
    return {
        "newsletter": plan.newsletter,
        "cadence": plan.cadence,
        "as_of": moment(plan.as_of),
        "plan_hash": plan.plan_hash,
        "counts": {
            "mails": len(plan.mails),
            "distinct": plan.distinct_count,
            "nothing_new": len(plan.silent),
            "items": sum(len(planned_document(mail)["items"]) for mail in plan.mails),
            "muted": sum(
                omission.why is Why.MUTED
                for mail in (*plan.mails, *plan.silent)
                for omission in mail.composition.omissions
            ),
        },
        "mails": [planned_document(mail) for mail in plan.mails],
        "nothing_new": [planned_document(mail) for mail in plan.silent],
    }


def plain_document(reasons: Iterable[tuple[str, str, str]]) -> list[Document]:
    """Why mails of a run are made one by one, by locale and format."""
    return [
        {"locale": locale, "format": format, "reason": reason} for locale, format, reason in reasons
    ]


def run_document(run: Run) -> Document:
    """A run; its `counts` by state add up to `planned`."""
    return {
        "id": run.id,
        "newsletter": run.newsletter,
        "cadence": run.cadence,
        "as_of": moment(run.as_of),
        "state": run.state,
        "state_reason": run.state_reason,
        "slot_key": run.slot_key,
        "plan_hash": run.plan_hash,
        "created_at": moment(run.created_at),
        "finished_at": moment(run.finished_at),
        "shards": {"planned": run.planned_shard_count, "all": run.shard_count},
        "planned": run.planned_count,
        "nothing_new": run.nothing_new_count,
        "dead_follows": run.dead_follow_count,
        "counts": {state.value: count for state, count in sorted(run.counts.items())},
    }


def letter_document(letter: AdHocLetter) -> Document:
    """A letter of an operator; `state` is of its draft, its run has one of its own."""
    state = "sent" if letter.run_id is not None else "tested" if letter.is_tested else "draft"
    return {
        "id": letter.id,
        "newsletter": letter.text.newsletter,
        "subject": letter.text.subject,
        "expression": letter.text.expression,
        "state": state,
        "written_by": letter.written_by,
        "written_at": moment(letter.written_at),
        "tested_to": letter.tested_to,
        "tested_at": moment(letter.tested_at),
        "sent_at": moment(letter.sent_at),
        "run_id": letter.run_id,
    }


def delivery_document(row: DeliveryRow) -> Document:
    """A delivery with its items."""
    return {
        "id": row.id,
        "kind": row.kind,
        "occasion": row.occasion,
        "run": row.run_id,
        "newsletter": row.newsletter,
        "cadence": row.cadence,
        "email": row.email,
        "state": row.state,
        "state_reason": row.state_reason,
        "message_id": row.message_id,
        "items": [
            {
                "uid": item.uid,
                "revision": item.revision,
                "section": item.section,
                "shown": item.shown,
                "given": item.given,
            }
            for item in row.items
        ],
        "attempts": row.attempt_count,
        "resends": row.resend_count,
        "reply": row.reply,
        "reply_code": row.reply_code,
        "planned_at": moment(row.planned_at),
        "not_before_at": moment(row.not_before_at),
        "expires_at": moment(row.expires_at),
        "settled_at": moment(row.settled_at),
    }


def event_document(event: EventRow) -> Document:
    """One line of a delivery's history."""
    return {
        "at": moment(event.at),
        "event": event.event,
        "code": event.code,
        "detail": event.detail,
    }


def suppression_document(row: Suppression) -> Document:
    """A suppression with its evidence."""
    return {
        "email": row.email,
        "reason": row.reason,
        "evidence": row.evidence,
        "started_at": moment(row.started_at),
        "ended_at": moment(row.ended_at),
    }
