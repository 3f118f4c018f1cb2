"""Draft a plan: who would get what and why, writing nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.readers import Cadence
from mailer.core.runs import PlannedMail, add_hashes, hash_text, mail_hash
from mailer.flows.check_templates import check_templates
from mailer.flows.composer import Composer
from mailer.flows.desk import Desk
from mailer.store.followers import count_followers, read_followers
from mailer.store.newsletters import find_newsletter
from mailer.store.readers import find_reader


@dataclass(frozen=True, slots=True)
class Plan:
    """A dry run. `mails` have a digest; `silent` are the readers for whom nothing is new.

    Equal stories, follows and moment give an equal `plan_hash`, in any order (I6). One that is
    not whole asked only some readers.
    """

    newsletter: str
    cadence: Cadence
    as_of: datetime
    plan_hash: str
    mails: tuple[PlannedMail, ...]
    silent: tuple[PlannedMail, ...]
    is_whole: bool = True

    @property
    def distinct_count(self) -> int:
        """How many different digests there are among the mails."""
        return len(
            {
                tuple((item.story.uid, item.shown) for item in mail.composition.digest.items)
                for mail in self.mails
                if mail.composition.digest is not None
            }
        )


def draft_plan(
    desk: Desk,
    newsletter_slug: str,
    cadence: Cadence,
    *,
    as_of: datetime,
    reader_email: str | None = None,
    batch: int = 1000,
    most: int | None = None,
    see: Callable[[int, int], None] | None = None,
) -> Plan:
    """Compose every reader's mail of a run as of a moment; nothing is written.

    After about `most` readers it stops: a page cannot wait for a million. `see` is told of how
    many readers are asked, of how many; counting them costs nothing when nobody looks.
    Raises NotFoundError for an unknown newsletter or reader, and RenderError for a broken template.
    """
    mails: list[PlannedMail] = []
    silent: list[PlannedMail] = []
    with desk.database.read() as connection:
        newsletter = find_newsletter(connection, newsletter_slug)
        check_templates(desk, newsletter, cadence)
        only = None
        if reader_email is not None:
            only = find_reader(connection, read_address(reader_email)).id
        composer = Composer(desk, connection, newsletter, cadence, as_of=as_of)
        after, is_whole = 0, True
        asked_count = 0
        if see is not None:
            asked_count = 1 if only is not None else count_followers(connection, composer.asking)
            see(0, asked_count)
        while True:
            followers = read_followers(
                connection,
                composer.asking,
                after_reader_id=after,
                reader_id=only,
                limit=batch,
            )
            if not followers:
                break
            if most is not None and len(mails) + len(silent) >= most:
                is_whole = False
                break
            after = followers[-1].reader.id
            for mail in composer.compose_mails(connection, followers):
                (silent if mail.composition.digest is None else mails).append(mail)
            if see is not None:
                see(len(mails) + len(silent), asked_count)
    return Plan(
        newsletter=newsletter.slug,
        cadence=cadence,
        as_of=as_of,
        plan_hash=hash_text(add_hashes(*map(mail_hash, mails))),
        mails=tuple(mails),
        silent=tuple(silent),
        is_whole=is_whole,
    )
