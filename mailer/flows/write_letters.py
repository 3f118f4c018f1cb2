"""Write letters: from a plan that was just composed, or from the ledger's rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from mailer.core.deliveries import MailKind
from mailer.core.digests import Item, Reason, Section, Shown
from mailer.core.expressions import canonical, in_words, parse
from mailer.core.letters import Letter
from mailer.core.notices import Notice, Told
from mailer.core.readers import Cadence, Newsletter
from mailer.core.runs import PlannedMail
from mailer.core.tags import Vocabulary
from mailer.core.tokens import Signer
from mailer.errors import ExpressionError, LedgerError
from mailer.flows.composer import Composer
from mailer.store.adhoc_letters import written_of_runs
from mailer.store.database import Connection
from mailer.store.ledger_reading import DeliveryRow
from mailer.store.newsletters import newsletters_by_id
from mailer.store.preferences import follow_texts
from mailer.store.story_shelf import StoryShelf

# Looking it up is a fifth of asking the enum, and a mail has dozens.
_SHOWN = {each.value: each for each in Shown}


def message_id(key: str, sender_address: str, signer: Signer) -> str:
    """Name the message of a delivery: a keyed hash, the same for every attempt."""
    return f"<{signer.keyed_hash(key)}@{sender_address.rpartition('@')[2]}>"


def letter_of_plan(mail: PlannedMail, composer: Composer, signer: Signer) -> Letter:
    """Write the letter of a planned mail, which must have a digest."""
    if mail.composition.digest is None:
        raise ValueError(f"nothing is planned for {mail.key}")
    reader = mail.follower.reader
    return Letter(
        key=mail.key,
        message_id=message_id(mail.key, composer.newsletter.sender_address, signer),
        newsletter=composer.newsletter,
        cadence=composer.cadence,
        as_of=composer.as_of,
        reader_id=reader.id,
        subscription_id=mail.follower.subscription_id,
        email=reader.email,
        name=reader.name,
        locale=composer.locale_of(mail.follower),
        timezone=reader.timezone,
        format=reader.format,
        sections=mail.composition.digest.sections,
    )


def letters_of_rows(
    connection: Connection,
    rows: Sequence[DeliveryRow],
    vocabulary: Vocabulary,
    shelf: StoryShelf | None = None,
) -> list[Letter]:
    """Write the letters of these deliveries again, as they were planned, in the same order."""
    newsletters = newsletters_by_id(connection)
    wanted = {(item.story_id, item.revision) for row in rows for item in row.items}
    stories = (shelf or StoryShelf()).take(connection, wanted)
    ids = {follow_id for row in rows for item in row.items for follow_id in item.follow_ids}
    texts = follow_texts(connection, sorted(ids))
    reasons = {follow_id: _reason(follow_id, texts[follow_id], vocabulary) for follow_id in ids}
    # The stories of a section mostly have the very same reasons, which rendering finds out by `is`.
    whys: dict[tuple[int, ...], tuple[Reason, ...]] = {}
    letters = []
    for row in rows:
        of_run = _of_run(row)
        sections: dict[int, list[Item]] = {}
        for item in row.items:
            why = whys.get(item.follow_ids)
            if why is None:
                why = whys[item.follow_ids] = tuple([reasons[each] for each in item.follow_ids])
            story = stories[item.story_id, item.revision]
            sections.setdefault(item.section, []).append(Item(story, _SHOWN[item.shown], why))
        letters.append(
            Letter(
                key=row.key,
                message_id=row.message_id,
                newsletter=newsletters[of_run.newsletter_id],
                cadence=of_run.cadence,
                as_of=row.as_of,
                reader_id=of_run.reader_id,
                subscription_id=of_run.subscription_id,
                email=row.email,
                name=row.name,
                locale=row.locale,
                timezone=row.timezone,
                format=row.format,
                sections=tuple(_section(items) for _, items in sorted(sections.items())),
            )
        )
    return letters


def adhoc_letters_of_rows(connection: Connection, rows: Sequence[DeliveryRow]) -> list[Notice]:
    """Write the operators' letters of these deliveries again, in the same order."""
    newsletters = newsletters_by_id(connection)
    run_ids = {row.run_id for row in rows if row.run_id is not None}
    written = written_of_runs(connection, run_ids)
    letters = []
    for row in rows:
        brought = None if row.run_id is None else written.get(row.run_id)
        if brought is None:
            raise LedgerError(f"delivery {row.id} is of a run that carries no letter")
        notice = _notice(replace(row, told=Told({}, {})), newsletters)
        letters.append(replace(notice, written=brought))
    return letters


def notices_of_rows(connection: Connection, rows: Sequence[DeliveryRow]) -> list[Notice]:
    """Write the notices of these deliveries again, as they were queued, in the same order."""
    newsletters = newsletters_by_id(connection)
    return [_notice(row, newsletters) for row in rows]


def write_rows(
    connection: Connection,
    rows: Sequence[DeliveryRow],
    vocabulary: Vocabulary,
    shelf: StoryShelf | None = None,
) -> list[Letter | Notice]:
    """Write the letters and notices of these deliveries, in the same order."""
    typed = [row for row in rows if row.kind is not MailKind.NOTICE and row.occasion is not None]
    of_runs = [row for row in rows if row.kind is not MailKind.NOTICE and row.occasion is None]
    notices = [row for row in rows if row.kind is MailKind.NOTICE]
    written: dict[int, Letter | Notice] = {}
    letters = letters_of_rows(connection, of_runs, vocabulary, shelf)
    for row, letter in zip(of_runs, letters, strict=True):
        written[row.id] = letter
    for row, notice in zip(notices, notices_of_rows(connection, notices), strict=True):
        written[row.id] = notice
    for row, notice in zip(typed, adhoc_letters_of_rows(connection, typed), strict=True):
        written[row.id] = notice
    return [written[row.id] for row in rows]


def _notice(row: DeliveryRow, newsletters: Mapping[int, Newsletter]) -> Notice:
    if row.occasion is None or row.told is None:
        raise LedgerError(f"delivery {row.id} is a {row.kind}, not a notice")
    return Notice(
        occasion=row.occasion,
        key=row.key,
        message_id=row.message_id,
        newsletter=None if row.newsletter_id is None else newsletters[row.newsletter_id],
        as_of=row.as_of,
        reader_id=row.reader_id,
        subscription_id=row.subscription_id,
        email=row.email,
        name=row.name,
        locale=row.locale,
        timezone=row.timezone,
        format=row.format,
        told=row.told,
        thread=row.thread,
    )


@dataclass(frozen=True, slots=True)
class _OfRun:
    newsletter_id: int
    cadence: Cadence
    reader_id: int
    subscription_id: int


def _of_run(row: DeliveryRow) -> _OfRun:
    """Return what only mails of a run have; the database lets none be without."""
    if (
        row.newsletter_id is None
        or row.cadence is None
        or row.reader_id is None
        or row.subscription_id is None
    ):
        raise LedgerError(f"delivery {row.id} is a {row.kind}, not a mail of a run")
    return _OfRun(row.newsletter_id, row.cadence, row.reader_id, row.subscription_id)


def _section(items: Sequence[Item]) -> Section:
    """A section is named after its follow, which is the first reason of each of its items."""
    own = items[0].reasons[0]
    return Section(own.follow_id, own.expression, tuple(items))


def _reason(follow_id: int, text: str, vocabulary: Vocabulary) -> Reason:
    return Reason(follow_id, *_read(text, vocabulary))


# A batch of 64 mails names 150 follows, and many readers follow the same.
@lru_cache(maxsize=10_000)
def _read(text: str, vocabulary: Vocabulary) -> tuple[str, str]:
    """Return what a follow means, in canonical form and in her words."""
    try:
        written = parse(text, vocabulary)
    except ExpressionError:
        # Its tag is gone since the mail was planned: what she wrote still says why.
        return text, text
    return canonical(written), in_words(written)
