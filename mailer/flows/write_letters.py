"""Write letters: from a plan that was just composed, or from the ledger's rows."""

from collections.abc import Sequence

from mailer.core.digests import Item, Reason, Section, Shown
from mailer.core.expressions import canonical, in_words, parse
from mailer.core.letters import Letter
from mailer.core.runs import PlannedMail
from mailer.core.tags import Vocabulary
from mailer.core.tokens import Signer
from mailer.errors import ExpressionError
from mailer.flows.composer import Composer
from mailer.store.database import Connection
from mailer.store.ledger_reading import DeliveryRow, follow_texts
from mailer.store.newsletters import newsletters_by_id
from mailer.store.stories import stories_at_revision


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
    connection: Connection, rows: Sequence[DeliveryRow], vocabulary: Vocabulary
) -> list[Letter]:
    """Write the letters of these deliveries again, as they were planned, in the same order."""
    newsletters = newsletters_by_id(connection)
    stories = stories_at_revision(
        connection, [(item.story_id, item.revision) for row in rows for item in row.items]
    )
    ids = {follow_id for row in rows for item in row.items for follow_id in item.follow_ids}
    texts = follow_texts(connection, sorted(ids))
    reasons = {follow_id: _reason(follow_id, texts[follow_id], vocabulary) for follow_id in ids}
    letters = []
    for row in rows:
        sections: dict[int, list[Item]] = {}
        for item in row.items:
            sections.setdefault(item.section, []).append(
                Item(
                    stories[item.story_id, item.revision],
                    Shown(item.shown),
                    tuple(reasons[follow_id] for follow_id in item.follow_ids),
                )
            )
        letters.append(
            Letter(
                key=row.key,
                message_id=row.message_id,
                newsletter=newsletters[row.newsletter_id],
                cadence=row.cadence,
                as_of=row.as_of,
                reader_id=row.reader_id,
                subscription_id=row.subscription_id,
                email=row.email,
                name=row.name,
                locale=row.locale,
                timezone=row.timezone,
                format=row.format,
                sections=tuple(_section(items) for _, items in sorted(sections.items())),
            )
        )
    return letters


def _section(items: Sequence[Item]) -> Section:
    """A section is named after its follow, which is the first reason of each of its items."""
    own = items[0].reasons[0]
    return Section(own.follow_id, own.expression, tuple(items))


def _reason(follow_id: int, text: str, vocabulary: Vocabulary) -> Reason:
    try:
        written = parse(text, vocabulary)
    except ExpressionError:
        # Its tag is gone since the mail was planned: what she wrote still says why.
        return Reason(follow_id, text, text)
    return Reason(follow_id, canonical(written), in_words(written))
