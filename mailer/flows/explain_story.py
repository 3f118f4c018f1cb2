"""Explain why a reader got, or did not get, a story."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailer.core.addresses import read_address
from mailer.core.deliveries import NOT_GIVEN, DeliveryState
from mailer.core.explanations import why_not
from mailer.core.expressions import And, in_words, matches, parse
from mailer.core.readers import Cadence, Reader, ReaderState
from mailer.core.stories import Story
from mailer.core.tags import Vocabulary
from mailer.errors import ExpressionError
from mailer.flows.explain_corrections import explain_corrections
from mailer.store.corrections import corrections_of
from mailer.store.database import Connection, Database
from mailer.store.ledger_reading import DeliveryRow, deliveries_of_story, omissions_of_story
from mailer.store.newsletters import list_newsletters
from mailer.store.preferences import FollowRecord, follows_of, mutes_of
from mailer.store.readers import find_reader, is_suppressed
from mailer.store.stories import find_story
from mailer.store.tags import read_vocabulary


class Verdict(StrEnum):
    """What happened, or would: the first that applies, in this order."""

    SENT = "sent"
    LINKED = "linked"
    WAITING = "waiting"
    IN_DOUBT = "in_doubt"
    RETRACTED = "retracted"
    NO_FOLLOW = "no_follow"
    NO_MATCH = "no_match"
    MUTED = "muted"
    NOT_SENT = "not_sent"
    NOT_CONFIRMED = "not_confirmed"
    SUPPRESSED = "suppressed"
    PAUSED = "paused"
    BEFORE_FOLLOW = "before_follow"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class FollowAnswer:
    """How one current follow sees the story. `why_not` is empty when it matches."""

    follow: FollowRecord
    matches: bool
    words: str
    why_not: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict in a word and in a sentence, with the evidence."""

    email: str
    uid: str
    verdict: Verdict
    text: str
    follows: tuple[FollowAnswer, ...]
    deliveries: tuple[DeliveryRow, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """All there is to know about one reader and one story."""

    reader: Reader
    story: Story
    follows: tuple[FollowAnswer, ...]
    deliveries: tuple[DeliveryRow, ...]
    vocabulary: Vocabulary
    as_of: datetime
    suppressed: bool


def explain_story(database: Database, email: str, uid: str, *, as_of: datetime) -> Explanation:
    """Say why this reader got, or did not get, this story, as things stand at `as_of`.

    Raises NotFoundError for an unknown reader or story.
    """
    with database.read() as connection:
        address = read_address(email)
        reader = find_reader(connection, address)
        story = find_story(connection, uid)
        vocabulary = read_vocabulary(connection)
        follows = tuple(_answers(connection, reader, story, vocabulary))
        deliveries = tuple(deliveries_of_story(connection, reader.id, story.id))
        case = _Case(
            reader,
            story,
            follows,
            deliveries,
            vocabulary,
            as_of,
            suppressed=is_suppressed(connection, address),
        )
        verdict, text = _from_ledger(case) or _from_preferences(connection, case)
        corrections = corrections_of(connection, story.id)
        text += explain_corrections(corrections, deliveries, reader.id)
    return Explanation(reader.email, uid, verdict, text, follows, deliveries)


def _answers(
    connection: Connection, reader: Reader, story: Story, vocabulary: Vocabulary
) -> list[FollowAnswer]:
    bases = {
        n.slug: parse(n.base_expression or "*", vocabulary) for n in list_newsletters(connection)
    }
    answers = []
    for follow in follows_of(connection, reader.id):
        if follow.ended_at is not None:
            continue
        try:
            written = parse(follow.expression, vocabulary)
        except ExpressionError as error:
            why = (f"it no longer parses: {error}",)
            answers.append(FollowAnswer(follow, False, follow.expression, why))
            continue
        within = And((bases[follow.newsletter], written))
        answers.append(
            FollowAnswer(
                follow,
                matches(within, story.tags, vocabulary),
                in_words(written),
                tuple(why_not(within, story.tags, vocabulary)),
            )
        )
    return answers


def _from_ledger(case: _Case) -> tuple[Verdict, str] | None:
    """The ledger speaks first: a delivery that holds the story and was not taken back."""
    for row in case.deliveries:
        if row.state in NOT_GIVEN:
            continue
        item = next(item for item in row.items if item.story_id == case.story.id)
        issue = f"{row.newsletter} {row.cadence or row.what}"
        where = f"{issue} of {row.as_of.isoformat()} (delivery {row.id})"
        if row.state is DeliveryState.ACCEPTED:
            when = row.settled_at.isoformat() if row.settled_at else "?"
            if item.shown == "linked":
                return Verdict.LINKED, (
                    f'behind the "and more" link of {where}, accepted {when}: '
                    "the mail would have been too large with it"
                )
            return Verdict.SENT, f"sent in {where}, accepted {when} at revision {item.revision}"
        if row.state in (DeliveryState.IN_DOUBT, DeliveryState.HELD):
            return Verdict.IN_DOUBT, f"in {where}, {row.state}: {row.state_reason}"
        return Verdict.WAITING, f"in {where}, {row.state}"
    return None


def _from_preferences(connection: Connection, case: _Case) -> tuple[Verdict, str]:
    """Without a delivery that stands: the first thing that keeps the story from her."""
    wanting = [answer for answer in case.follows if answer.matches]
    wish = " and ".join(f"'{answer.words}' ({answer.follow.cadence})" for answer in wanting)
    muted = _muted_by(connection, case)
    last = case.deliveries[-1] if case.deliveries else None
    reader = case.reader
    hindrances: list[tuple[bool, Verdict, str]] = [
        (case.story.retracted, Verdict.RETRACTED, "the story was retracted: nobody new gets it"),
        (not case.follows, Verdict.NO_FOLLOW, "she follows nothing: 'mailer follow' adds a follow"),
        (not wanting, Verdict.NO_MATCH, f"no follow of hers matches. {_mismatches(case.follows)}"),
        (bool(muted), Verdict.MUTED, f"she follows {wish}, but has muted {muted}"),
        (last is not None, Verdict.NOT_SENT, _failure(last) if last else ""),
        (
            reader.state is not ReaderState.CONFIRMED,
            Verdict.NOT_CONFIRMED,
            f"she follows {wish}, but is {reader.state}",
        ),
        (
            case.suppressed,
            Verdict.SUPPRESSED,
            f"she follows {wish}, but her address is suppressed",
        ),
        (
            reader.is_paused(case.as_of),
            Verdict.PAUSED,
            f"she follows {wish}, but is paused until {reader.paused_until_at}",
        ),
    ]
    for applies, verdict, text in hindrances:
        if applies:
            return verdict, text
    eligible_at = case.story.eligible_at
    open_to = [answer for answer in wanting if eligible_at >= answer.follow.cursor_at]
    if not open_to:
        runs = omissions_of_story(connection, reader.id, case.story.id)
        return Verdict.BEFORE_FOLLOW, (
            f"she follows {wish}, but the story (eligible {eligible_at.isoformat()}) came before "
            f"her window, which starts {wanting[0].follow.cursor_at.isoformat()}"
            + "".join(f"; run {run_id} left it out: {why}" for run_id, why, _ in runs)
        )
    issues = sorted({f"{a.follow.newsletter} {_issue(a.follow.cadence)}" for a in open_to})
    ahead = " once it is eligible" if eligible_at > case.as_of else ""
    return Verdict.DUE, f"she follows {wish}: it comes with the next {', '.join(issues)}{ahead}"


def _mismatches(follows: tuple[FollowAnswer, ...]) -> str:
    return "; ".join(
        f"{answer.words} ({answer.follow.cadence}): {', '.join(answer.why_not)}"
        for answer in follows
    )


def _failure(row: DeliveryRow) -> str:
    reply = f": {row.reply}" if row.reply else ""
    return f"delivery {row.id} was {row.state}: {row.state_reason}{reply}"


def _muted_by(connection: Connection, case: _Case) -> str:
    for mute in mutes_of(connection, case.reader.id):
        if mute.ended_at is None and _mutes(mute.expression, case.story, case.vocabulary):
            return mute.canonical
    return ""


def _mutes(expression: str, story: Story, vocabulary: Vocabulary) -> bool:
    try:
        return matches(parse(expression, vocabulary), story.tags, vocabulary)
    except ExpressionError:
        return False


def _issue(cadence: Cadence) -> str:
    return "alert" if cadence is Cadence.INSTANT else f"{cadence} digest"
