"""A mail in the browser."""

import re

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from mailer.core.hygiene import clean_header
from mailer.core.tokens import Purpose
from mailer.flows.view_mail import ViewedMail, view_mail
from mailer.render.links import story_path
from mailer.web.visits import Area, Visit, Visiting

router = Area()
_BODY = re.compile(r"<body\b[^>]*>")
# A mail brings its styles with it, in attributes; nothing else may come or run.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@router.get("/view/{token}")
def view(visit: Visiting, token: str) -> Response:
    """Show a mail as it went, and below it what did not fit."""
    (local_part,) = visit.read_token(Purpose.VIEW, token)
    viewed = view_mail(visit.room.desk, str(local_part))
    visit = visit.speaking(viewed.locale)
    if viewed.mail is None and not viewed.more:
        raise HTTPException(410)
    more = [{"title": clean_header(s.title, 300), "path": story_path(s)} for s in viewed.more]
    if viewed.mail is None or not viewed.mail.html:
        return visit.page(
            "view_text.html",
            text=viewed.mail.text if viewed.mail else "",
            subject=viewed.mail.subject if viewed.mail else viewed.newsletter,
            more=more,
            retracted=_retracted(visit, viewed),
        )
    below = visit.page("_view_more.html", more=more, retracted=_retracted(visit, viewed)).body
    head, end, tail = viewed.mail.html.rpartition("</body>")
    # A page has its main part; a mail has none, since its program is the page.
    head = _BODY.sub(r"\g<0><main>", head, count=1)
    page = f"{head}</main>{bytes(below).decode()}{end}{tail}"
    return HTMLResponse(page, headers={"Content-Security-Policy": _MAIL_POLICY})


def _retracted(visit: Visit, viewed: ViewedMail) -> str:
    if not viewed.retracted_count:
        return ""
    return visit.speech.say_count(
        "{count} story of this mail was retracted and is not shown.",
        "{count} stories of this mail were retracted and are not shown.",
        viewed.retracted_count,
    )
