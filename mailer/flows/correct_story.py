"""Correct or retract a story: a revision, a record, and word to those who have a wrong one."""

from dataclasses import dataclass
from datetime import datetime

from mailer.core.corrections import Correction, CorrectionKind
from mailer.core.hygiene import clean_header
from mailer.core.stories import Story
from mailer.errors import InputError
from mailer.flows.desk import Desk
from mailer.flows.pursue_corrections import Pursued, pursue
from mailer.store.audit import COMMAND_LINE, record_change
from mailer.store.corrections import add_correction, corrections_of
from mailer.store.database import Connection
from mailer.store.stories import find_story
from mailer.store.story_revisions import note_revision, revise_story
from mailer.store.webhook_facts import tell_amended

_LONGEST_NOTE = 1000


@dataclass(frozen=True, slots=True)
class Amendment:
    """What an operator says about a story: why, and the text as it should read.

    `wrong_revision` is the last that was wrong; None: all before the one that is right now.
    """

    kind: CorrectionKind
    note: str
    title: str = ""
    summary: str = ""
    wrong_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Amended:
    """The correction as recorded, and what became of mails at once."""

    correction: Correction
    pursued: Pursued
    is_new: bool


def correct_story(
    desk: Desk, uid: str, amendment: Amendment, *, now: datetime, actor: str = COMMAND_LINE
) -> Amended:
    """Record a correction or retraction and tell everybody it concerns; again tells nobody twice.

    Mails that wait with a wrong version are planned anew: with the right one, or without the
    story. Raises NotFoundError, and InputError for a story that was retracted already.
    """
    note = clean_header(amendment.note, _LONGEST_NOTE)
    if not note:
        raise InputError("--note is empty: say what was wrong, readers will see it")
    with desk.database.write() as connection:
        story = find_story(connection, uid)
        known = corrections_of(connection, story.id)
        same = [c for c in known if (c.kind, c.note) == (amendment.kind, note)]
        if same and same[-1].right_revision == story.revision and not _rewrites(amendment, story):
            correction, is_new = same[-1], False
        else:
            correction, is_new = _record(connection, story, amendment, note, now), True
            record_change(
                connection,
                actor=actor,
                action=f"story {'retracted' if story_is_out(amendment) else 'corrected'}",
                subject=uid,
                detail=note,
                now=now,
            )
            tell_amended(
                connection,
                uid,
                correction.right_revision,
                note,
                now,
                retracted=story_is_out(amendment),
            )
    return Amended(correction, pursue(desk, correction, now=now), is_new)


def story_is_out(amendment: Amendment) -> bool:
    """Say whether the story is taken back, not only corrected."""
    return amendment.kind is CorrectionKind.RETRACTION


def _rewrites(amendment: Amendment, story: Story) -> bool:
    return (amendment.title or story.title, amendment.summary or story.summary) != (
        story.title,
        story.summary,
    )


def _record(
    connection: Connection, story: Story, amendment: Amendment, note: str, now: datetime
) -> Correction:
    if story.retracted:
        raise InputError(f"story '{story.uid}' was retracted: nobody gets it any more")
    wrong = amendment.wrong_revision
    if wrong is not None and not 1 <= wrong <= story.revision:
        raise InputError(f"story '{story.uid}' has no revision {wrong}: it has {story.revision}")
    retract = story_is_out(amendment)
    # The newsroom's system may have brought the right version already: then it stands, and only
    # what came before was wrong.
    stands = story.revision > 1 and wrong != story.revision
    if not retract and not _rewrites(amendment, story) and stands:
        right = story.revision
        note_revision(connection, story, note)
    else:
        right = revise_story(
            connection,
            story,
            note=note,
            now=now,
            title=amendment.title,
            summary=amendment.summary,
            retract=retract,
        )
    correction_id = add_correction(
        connection,
        story.id,
        amendment.kind,
        note,
        wrong_revision=right - 1 if wrong is None or retract else wrong,
        right_revision=right,
        now=now,
    )
    return next(c for c in corrections_of(connection, story.id) if c.id == correction_id)
