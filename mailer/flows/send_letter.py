"""Send an operator's letter: a run carries it from here on, through the ledger."""

from dataclasses import dataclass
from datetime import datetime

from mailer.core.notices import Written
from mailer.core.readers import Cadence
from mailer.errors import InputError
from mailer.flows.desk import Desk
from mailer.flows.open_run import SHARD_READERS
from mailer.flows.reach_of_letter import reaches_anybody
from mailer.render.adhoc_letters import draw_letter
from mailer.store.adhoc_letters import find_letter, hold_letter, send_by_run
from mailer.store.audit import record_change
from mailer.store.followers import shard_ends
from mailer.store.newsletters import find_newsletter
from mailer.store.runs import add_run


@dataclass(frozen=True, slots=True)
class SentLetter:
    """The run that carries the letter, and whether this call opened it."""

    run_id: int
    created: bool


def send_letter(
    desk: Desk,
    letter_id: int,
    *,
    actor: str,
    now: datetime,
    address: str = "",
    shard_readers: int = SHARD_READERS,
) -> SentLetter:
    """Open the run of a letter, or find it: it is sent once, whoever asks and how often.

    Raises InputError when these very words were not sent to an operator before, and when nobody
    would get them.
    """
    with desk.database.read() as connection:
        letter = find_letter(connection, letter_id)
        newsletter = find_newsletter(connection, letter.text.newsletter)
    if letter.run_id is not None:
        return SentLetter(letter.run_id, created=False)
    if not reaches_anybody(desk.database, letter.text, as_of=now):
        raise InputError(
            f"nobody would get letter {letter_id}: no reader of {newsletter.slug} gets stories of "
            f"{letter.text.expression}"
        )
    # Another process draws it, for up to seconds: no transaction is open meanwhile.
    written: Written = draw_letter(letter.text, newsletter, desk.site)
    with desk.database.write() as connection:
        held = hold_letter(connection, letter_id)
        if held.run_id is not None:
            return SentLetter(held.run_id, created=False)
        if held.text != letter.text:
            raise InputError(f"letter {letter_id} was changed at this moment: look at it again")
        if not held.is_tested:
            raise InputError(
                f"letter {letter_id} was not tested as it stands: send it to yourself first"
            )
        run_id = add_run(
            connection,
            slot_key=f"letter/{letter_id}",
            newsletter_id=newsletter.id,
            cadence=Cadence.LETTER,
            as_of=now,
            now=now,
            shard_ends=shard_ends(connection, newsletter.id, shard_readers),
        )
        send_by_run(connection, letter_id, run_id, written, now)
        record_change(
            connection,
            actor=actor,
            action="letter sent",
            subject=f"letter {letter_id}",
            detail=f"run {run_id}: {letter.text.newsletter}, {letter.text.expression}",
            address=address,
            now=now,
        )
    return SentLetter(run_id, created=True)
