"""View a mail in the browser: rebuilt from the ledger, with the list of what did not fit."""

from dataclasses import dataclass, replace

from mailer.core.digests import Section
from mailer.core.letters import Letter
from mailer.core.stories import Story
from mailer.errors import NotFoundError
from mailer.flows.build_mail import build_mail
from mailer.flows.desk import Desk
from mailer.flows.write_letters import write_rows
from mailer.render.mail import Mail
from mailer.store.ledger_reading import find_delivery
from mailer.store.public_stories import delivery_id_of_message
from mailer.store.stories import find_stories
from mailer.store.tags import read_vocabulary


@dataclass(frozen=True, slots=True)
class ViewedMail:
    """A mail as it went, without what was retracted since; `more` are stories only linked to.

    `mail` is None when nothing of it may be shown any more.
    """

    locale: str
    newsletter: str
    mail: Mail | None
    more: tuple[Story, ...]
    retracted_count: int


def view_mail(desk: Desk, local_part: str) -> ViewedMail:
    """Return the mail whose Message-ID has this local part; raises NotFoundError."""
    with desk.database.read() as connection:
        delivery_id = delivery_id_of_message(connection, local_part)
        if delivery_id is None:
            raise NotFoundError("no such mail: it may have been planned anew, or erased")
        row = find_delivery(connection, delivery_id)
        vocabulary = read_vocabulary(connection)
        (letter,) = write_rows(connection, [row], vocabulary)
        current = find_stories(connection, [item.uid for item in row.items])
    if not isinstance(letter, Letter):
        raise NotFoundError("no such mail: notices are not shown in the browser")
    retracted = {story.id for story in current if story.retracted}
    sections = tuple(
        replace(section, items=kept)
        for section in letter.sections
        if (kept := tuple(i for i in section.items if i.story.id not in retracted))
    )
    shown = replace(letter, sections=sections)
    told = any(section.told for section in sections)
    return ViewedMail(
        locale=letter.locale,
        newsletter=letter.newsletter.name,
        mail=build_mail(desk, shown, vocabulary).mail if told else None,
        more=_more(sections),
        retracted_count=len(retracted),
    )


def _more(sections: tuple[Section, ...]) -> tuple[Story, ...]:
    return tuple(item.story for section in sections for item in section.linked)
