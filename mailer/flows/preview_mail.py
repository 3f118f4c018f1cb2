"""Preview: the very mail a reader would get, writing nothing to the ledger."""

from dataclasses import dataclass, replace
from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.letters import Letter
from mailer.core.notices import Notice
from mailer.core.readers import Cadence
from mailer.core.runs import PlannedMail
from mailer.flows.build_mail import build_mail
from mailer.flows.composer import Composer
from mailer.flows.desk import Desk
from mailer.flows.draft_plan import draft_plan
from mailer.flows.print_batch import OfRun, reprint
from mailer.flows.write_letters import letter_of_plan, write_rows
from mailer.render.mail import Mail
from mailer.store.ledger_reading import find_delivery
from mailer.store.newsletters import find_newsletter
from mailer.store.tags import read_vocabulary


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail in all its forms. `planned` says why and what was left out; None for a rebuilt one."""

    letter: Letter | Notice
    mail: Mail
    content: bytes
    sender: str
    planned: PlannedMail | None


def preview_mail(
    desk: Desk,
    newsletter_slug: str,
    cadence: Cadence,
    *,
    reader_email: str,
    as_of: datetime,
    template: str = "",
) -> tuple[Preview | None, PlannedMail | None]:
    """Return the mail a run as of this moment would send her, or None when nothing is new.

    The second value is her part of the plan, None when the run would not ask her at all. A digest
    is drawn with `template` instead of the newsletter's own, if one is named.
    """
    plan = draft_plan(desk, newsletter_slug, cadence, as_of=as_of, reader_email=reader_email)
    if not plan.mails:
        return None, plan.silent[0] if plan.silent else None
    planned = plan.mails[0]
    with desk.database.read() as connection:
        newsletter = find_newsletter(connection, newsletter_slug)
        composer = Composer(desk, connection, newsletter, cadence, as_of=as_of)
    letter = letter_of_plan(planned, composer, desk.signer)
    if template:
        letter = replace(letter, newsletter=replace(letter.newsletter, template=template))
    built = build_mail(desk, letter, composer.vocabulary)
    # The run compiles an edition of this: so do we, to have its very bytes.
    printing = desk.renderer.printing(composer.vocabulary)
    printed = printing.print([(letter, read_address(letter.email))])[0]
    content = printed.content or built.content
    return Preview(letter, built.mail, content, built.sender, planned), planned


def rebuild_mail(desk: Desk, delivery_id: int) -> Preview:
    """Return the exact mail of a delivery, from the ledger.

    It is made of what was compiled for its run; when that is no longer kept, or was never made,
    by the templates of today.
    """
    with desk.database.read() as connection:
        row = find_delivery(connection, delivery_id)
        vocabulary = read_vocabulary(connection)
        paper = write_rows(connection, [row], vocabulary)[0]
    if isinstance(paper, Letter) and row.run_id is not None:
        of_run = OfRun(row.run_id, paper, read_address(paper.email))
        printed = reprint(desk, of_run, vocabulary)
        if printed is not None:
            return Preview(
                paper, printed.mail, printed.content, paper.newsletter.sender_address, None
            )
    built = build_mail(desk, paper, vocabulary)
    return Preview(paper, built.mail, built.content, built.sender, None)
