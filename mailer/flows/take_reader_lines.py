"""Take lines of a list of readers, some hundred at once, within a transaction.

Nobody is written to again in silence: who is suppressed, and who has left a newsletter the line
wants for her, is not taken, and the line says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mailer.core.cursors import first_cursor
from mailer.core.reader_lines import ReaderLine, RejectedLine, UnusableLine
from mailer.core.readers import MailFormat, Newsletter, Reader, ReaderState, Wanted
from mailer.core.tags import Vocabulary
from mailer.core.tokens import Signer
from mailer.errors import InputError
from mailer.flows.keep_follow import MOST_FOLLOWS, read_wanted
from mailer.store.database import Connection
from mailer.store.newsletters import list_newsletters
from mailer.store.reader_bulk import (
    Consent,
    NewFollow,
    Subscribed,
    add_follows,
    add_readers,
    change_readers,
    readers_by_key,
    recall_suppressions,
    subscribed_among,
    suppressed_among,
)
from mailer.store.tags import read_vocabulary

_ELSEWHERE = "a list of readers"


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms lines are taken.

    `confirmed`: they agreed elsewhere, to the words of `consent`, unless a line has its own. A
    `dry` take writes nothing. The `signer` knows erased addresses that stay suppressed.
    """

    confirmed: bool
    consent: str
    source: str
    signer: Signer | None
    dry: bool = False


@dataclass(slots=True)
class Taken:
    """What became of some lines."""

    new_count: int = 0
    updated_count: int = 0
    unchanged_count: int = 0
    rejected: list[RejectedLine] = field(default_factory=list)


class Newsroom:
    """The newsletters and tags that lines may name; what was read once is remembered."""

    def __init__(self, connection: Connection) -> None:
        self._newsletters = {each.slug: each for each in list_newsletters(connection)}
        self._vocabulary: Vocabulary = read_vocabulary(connection)
        self._read: dict[tuple[str, Wanted], str | UnusableLine] = {}

    def newsletter(self, slug: str) -> Newsletter:
        """Return a newsletter; raises UnusableLine that names those there are."""
        found = self._newsletters.get(slug)
        if found is None:
            known = ", ".join(self._newsletters) or "none yet: 'mailer newsletters add'"
            raise UnusableLine(f"unknown newsletter '{slug}'", f"there are: {known}")
        return found

    def canonical(self, slug: str, wanted: Wanted) -> str:
        """Return what a follow means; raises UnusableLine."""
        read = self._read.get((slug, wanted))
        if read is None:
            try:
                read = read_wanted(wanted, self.newsletter(slug), self._vocabulary)[0]
            except UnusableLine as error:
                read = error
            except InputError as error:
                read = UnusableLine(
                    f"'{wanted.expression}' cannot be followed: {error}",
                    "add the tag, or see 'mailer expression check'",
                )
            self._read[slug, wanted] = read
        if isinstance(read, UnusableLine):
            raise read
        return read


@dataclass(slots=True)
class _Work:
    """What a batch is going to write."""

    added: list[tuple[Reader, Consent]] = field(default_factory=list)
    changed: list[tuple[Reader, Consent | None]] = field(default_factory=list)
    follows: list[NewFollow] = field(default_factory=list)
    consent_of: dict[int, Consent] = field(default_factory=dict)


def take_reader_lines(
    connection: Connection,
    newsroom: Newsroom,
    lines: Sequence[ReaderLine],
    terms: Terms,
    now: datetime,
) -> Taken:
    """Add or change the readers of lines with different addresses; the caller commits.

    What a line leaves empty changes nothing of a reader who is there, nobody becomes unconfirmed,
    and what she follows already is left as she has it.
    """
    taken = Taken()
    hashes = {
        line.address.key: terms.signer.keyed_hashes(line.address.key) if terms.signer else ()
        for line in lines
    }
    suppressed = suppressed_among(connection, hashes)
    if suppressed and not terms.dry:
        recall_suppressions(connection, {key: hashes[key] for key in suppressed})
    there = readers_by_key(connection, list(hashes))
    subscribed = subscribed_among(connection, [reader.id for reader in there.values()])
    work = _Work()
    new: list[tuple[ReaderLine, Consent]] = []
    for line in lines:
        consent = _consent(line, terms, now)
        before = there.get(line.address.key)
        try:
            _require_free(line, suppressed)
            hers = subscribed.get(before.id, {}) if before else {}
            follows = _new_follows(line, before, hers, newsroom, confirmed=terms.confirmed, now=now)
        except UnusableLine as error:
            taken.rejected.append(rejected(line, error))
            continue
        after = _settled(line, before, confirmed=terms.confirmed)
        if before is None:
            new.append((line, consent))
            work.added.append((after, consent))
        elif after != before or follows:
            taken.updated_count += 1
            newly = after.state is not before.state
            work.changed.append((after, consent if newly else None))
            work.follows += follows
            work.consent_of[before.id] = consent
        else:
            taken.unchanged_count += 1
    if terms.dry:
        taken.new_count += len(new)
        return taken
    ids = add_readers(connection, work.added, now)
    for line, consent in new:
        if reader_id := ids.get(line.address.key):
            taken.new_count += 1
            work.consent_of[reader_id] = consent
            work.follows += _follows_of(line, reader_id, newsroom, now)
    change_readers(connection, work.changed, now)
    add_follows(connection, work.follows, work.consent_of, now)
    missed = [line for line, _ in new if line.address.key not in ids]
    if missed:
        # They subscribed themselves a moment ago: now they are there.
        again = take_reader_lines(connection, newsroom, missed, terms, now)
        taken.updated_count += again.updated_count
        taken.unchanged_count += again.unchanged_count
        taken.rejected += again.rejected
    return taken


def rejected(line: ReaderLine, error: UnusableLine) -> RejectedLine:
    """Return a line that was read and not taken."""
    return RejectedLine(
        line.line, line.address.shown, str(error), error.mend, email_key=line.address.key
    )


def _consent(line: ReaderLine, terms: Terms, now: datetime) -> Consent:
    if not terms.confirmed:
        return Consent("", line.consent_source, None)
    return Consent(
        line.consent or terms.consent,
        line.consent_source or terms.source or _ELSEWHERE,
        line.consented_at or now,
    )


def _require_free(line: ReaderLine, suppressed: dict[str, tuple[str, datetime]]) -> None:
    if found := suppressed.get(line.address.key):
        reason, since = found
        raise UnusableLine(
            f"suppressed since {since:%Y-%m-%d} ({reason}): she gets nothing",
            "leave her out; if she asks for mail, lift it with 'mailer suppressions remove'",
        )


def _settled(line: ReaderLine, before: Reader | None, *, confirmed: bool) -> Reader:
    reader = before or Reader(
        id=0,
        email=line.address.shown,
        email_key=line.address.key,
        name="",
        state=ReaderState.PENDING,
        locale="en",
        timezone="UTC",
        hour=None,
        format=MailFormat.HTML,
    )
    return replace(
        reader,
        name=reader.name if line.name is None else line.name,
        state=ReaderState.CONFIRMED if confirmed else reader.state,
        locale=line.locale or reader.locale,
        timezone=line.timezone or reader.timezone,
        hour=reader.hour if line.hour is None else line.hour,
        format=line.format or reader.format,
        quiet=line.quiet or reader.quiet,
    )


def _new_follows(
    line: ReaderLine,
    before: Reader | None,
    hers: dict[str, Subscribed],
    newsroom: Newsroom,
    *,
    confirmed: bool,
    now: datetime,
) -> list[NewFollow]:
    """Return what she is to follow and does not; raises UnusableLine when she must not."""
    if line.wanted and not confirmed:
        raise UnusableLine(
            "she has not agreed to a newsletter yet",
            "import with the consent these readers gave, or let them subscribe themselves",
        )
    if len(line.wanted) > MOST_FOLLOWS:
        raise UnusableLine(f"more than {MOST_FOLLOWS} follows", "join some of them with |")
    if before is None:
        return _follows_of(line, 0, newsroom, now)
    found: list[NewFollow] = []
    for new in _follows_of(line, before.id, newsroom, now):
        current = hers.get(new.newsletter)
        if current is not None and current.ended_at is not None:
            raise UnusableLine(
                f"she left '{new.newsletter}' on {current.ended_at:%Y-%m-%d}",
                "leave her out: only she can subscribe again, on the page",
            )
        if current is None or all(new.canonical != meaning for meaning, _ in current.follows):
            found.append(replace(new, subscription_id=current.id if current else None))
    if len(found) + sum(len(each.follows) for each in hers.values()) > MOST_FOLLOWS:
        raise UnusableLine(f"more than {MOST_FOLLOWS} follows", "unfollow one, or join some with |")
    return found


def _follows_of(
    line: ReaderLine, reader_id: int, newsroom: Newsroom, now: datetime
) -> list[NewFollow]:
    found: dict[tuple[int, str, str], NewFollow] = {}
    for slug, wanted in line.wanted:
        meaning = newsroom.canonical(slug, wanted)
        newsletter_id = newsroom.newsletter(slug).id
        found.setdefault(
            (newsletter_id, meaning, wanted.cadence.value),
            NewFollow(
                reader_id,
                newsletter_id,
                slug,
                None,
                wanted,
                meaning,
                first_cursor(wanted.cadence, now),
            ),
        )
    return list(found.values())
