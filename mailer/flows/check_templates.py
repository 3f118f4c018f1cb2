"""Check templates: before a run mails anyone, its template must give a whole mail."""

from mailer.core.readers import Cadence, Newsletter
from mailer.flows.desk import Desk
from mailer.store.newsletters import find_newsletter


def check_templates(desk: Desk, newsletter: Newsletter | str, cadence: Cadence) -> None:
    """Draw made-up mails of a newsletter's template, in each of its languages, as HTML and text.

    Raises RenderError, with file and line where there are any, and NotFoundError for an unknown
    newsletter.
    """
    if isinstance(newsletter, str):
        with desk.database.read() as connection:
            newsletter = find_newsletter(connection, newsletter)
    desk.renderer.check(newsletter, cadence)
