"""The composer: the one path from readers to planned mails, for dry run, preview and real run."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mailer.core.deliveries import digest_key
from mailer.core.digests import Weights, compose, fit, gather
from mailer.core.locales import pick_locale
from mailer.core.matching import Board
from mailer.core.preferences import PreferenceParser
from mailer.core.readers import Cadence, Follower, MailFormat, Newsletter, comes_back
from mailer.core.runs import PlannedMail, slot_key
from mailer.core.schedules import Lane
from mailer.core.stories import Story
from mailer.flows.desk import Desk
from mailer.render.speech import is_spoken
from mailer.store.database import Connection
from mailer.store.followers import Asking, earliest_cursor, has_urgent
from mailer.store.ledger_plan import given_stories
from mailer.store.stories import read_board_stories
from mailer.store.tags import read_vocabulary

MOST_AFTER_PAUSE = 10  # What the page of preferences promises to who catches up.


class Composer:
    """Composes for one newsletter, cadence and moment; keeps board, parses and weights.

    Build one per run and process: what it keeps is the same for every shard of the run.
    """

    def __init__(
        self,
        desk: Desk,
        connection: Connection,
        newsletter: Newsletter,
        cadence: Cadence,
        *,
        as_of: datetime,
        lane: Lane | None = None,
    ) -> None:
        self.newsletter = newsletter
        self.cadence = cadence
        self.as_of = as_of
        # Urgent stories override the preference for a digest: an alert asks its readers, too.
        urgent = cadence is Cadence.INSTANT and has_urgent(connection, as_of)
        self.asking = Asking(newsletter.id, cadence, as_of, lane, urgent)
        self.vocabulary = read_vocabulary(connection)
        self._desk = desk
        self._parser = PreferenceParser(self.vocabulary, newsletter.base_expression)
        self._slot = slot_key(newsletter.slug, cadence, as_of)
        self._start_at = min(earliest_cursor(connection, self.asking) or as_of, as_of)
        self._board = self._read_board(connection)
        self._spoken = [name for name in newsletter.locales if is_spoken(name)]
        self._locales: dict[str, str] = {}
        self._weights: dict[tuple[str, MailFormat], Weights] = {}

    def compose_mails(
        self, connection: Connection, followers: Sequence[Follower]
    ) -> list[PlannedMail]:
        """Compose for each reader what is new to her, under the size limit."""
        oldest = min((f.cursor_at for one in followers for f in one.follows), default=self.as_of)
        if oldest < self._start_at:
            # A follow came with an older cursor after the board was read.
            self._start_at = oldest
            self._board = self._read_board(connection)
        given = given_stories(
            connection,
            [follower.reader.id for follower in followers],
            [story.id for story in self._board.stories],
        )
        composed = []
        for follower in followers:
            preferences = self._parser.read(follower, self.cadence)
            given_bits = self._board.bits_of(given.get(follower.reader.id, ()))
            composition = compose(preferences, self._board, given_bits)
            key = digest_key(self.cadence.kind, self._slot, follower.reader.id)
            composed.append(PlannedMail(key, follower, composition, preferences.dead_follow_ids))
        self._weigh(composed)
        return [self._fit(mail) for mail in composed]

    def locale_of(self, follower: Follower) -> str:
        """Return the locale her mail is written in."""
        wanted = follower.reader.locale
        if wanted not in self._locales:
            self._locales[wanted] = pick_locale(wanted, self._spoken)
        return self._locales[wanted]

    def _read_board(self, connection: Connection) -> Board:
        return Board(
            read_board_stories(connection, self._start_at, self.as_of), self.vocabulary, self.as_of
        )

    def _fit(self, mail: PlannedMail) -> PlannedMail:
        digest = mail.composition.digest
        if digest is None:
            return mail
        fitted = fit(digest, self._weights[self._dress(mail.follower)])
        if comes_back(mail.follower, self.as_of):
            fitted = gather(fitted, MOST_AFTER_PAUSE)
        if fitted is digest:
            return mail
        return replace(mail, composition=replace(mail.composition, digest=fitted))

    def _weigh(self, mails: Sequence[PlannedMail]) -> None:
        """Weigh the stories that these mails have and that were not weighed for their dress."""
        wanted: dict[tuple[str, MailFormat], dict[int, Story]] = {}
        for mail in mails:
            if mail.composition.digest is not None:
                stories = wanted.setdefault(self._dress(mail.follower), {})
                stories.update(
                    {item.story.id: item.story for item in mail.composition.digest.items}
                )
        for dress, stories in wanted.items():
            known = self._weights.get(dress)
            new = [s for s in stories.values() if known is None or s.id not in known.full]
            if not new:
                continue
            weights = self._desk.renderer.weigh(
                self.newsletter, self.cadence, dress[0], dress[1], new, self.vocabulary
            )
            if known is not None:
                weights = replace(
                    weights,
                    full={**known.full, **weights.full},
                    headline={**known.headline, **weights.headline},
                )
            self._weights[dress] = weights

    def _dress(self, follower: Follower) -> tuple[str, MailFormat]:
        return self.locale_of(follower), follower.reader.format
