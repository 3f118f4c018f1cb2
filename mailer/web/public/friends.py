"""Send a story to a friend, and the page where the friend refuses all such mail (S22)."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from mailer.core.addresses import read_address
from mailer.core.tokens import Purpose
from mailer.errors import InputError
from mailer.flows.read_story import PublicStory, read_story
from mailer.flows.send_to_friend import Answer, block_mails, send_to_friend
from mailer.web.form_stamps import TRAP, form_stamp, is_timely
from mailer.web.public.tellings import tell
from mailer.web.visits import Area, Posted, Visit, Visiting, ring

router = Area()


@router.get("/stories/{uid:path}/send")
def form(visit: Visiting, uid: str) -> Response:
    """Show the form: an address, and no room for words of one's own."""
    return _page(visit, _public(visit, uid))


@router.post("/stories/{uid:path}/send")
def send(visit: Visiting, uid: str, posted: Posted) -> Response:
    """Queue the mail, or show the form again; who the address belongs to is not told."""
    public = _public(visit, uid)
    if posted[TRAP]:
        return _page(visit, public, is_sent=True)
    try:
        recipient = read_address(posted["email"])
    except InputError:
        return _page(visit, public, email=posted["email"], fault="email", status=422)
    if not is_timely(visit, posted["stamp"]):
        return _page(visit, public, email=posted["email"], fault="again")
    answer = send_to_friend(
        visit.room.desk,
        public.story,
        recipient,
        locale=visit.speech.language,
        client=visit.client,
        now=visit.now,
    )
    if answer is Answer.TOO_MANY:
        raise HTTPException(429)
    ring(visit)
    return _page(visit, public, is_sent=True)


@router.get("/block/{token}")
def ask_block(visit: Visiting, token: str) -> Response:
    """Ask before blocking: links are followed by machines, too (S6)."""
    visit.read_token(Purpose.BLOCK, token)
    return visit.page("block.html", is_done=False)


@router.post("/block/{token}")
def block(visit: Visiting, token: str) -> Response:
    """Never write to this address again."""
    (key,) = visit.read_token(Purpose.BLOCK, token)
    block_mails(visit.room.desk.database, str(key), now=visit.now)
    return visit.page("block.html", is_done=True)


def _public(visit: Visit, uid: str) -> PublicStory:
    public = read_story(visit.room.desk.database, uid, now=visit.now)
    if public.story.retracted:
        raise HTTPException(410)
    return public


def _page(
    visit: Visit,
    public: PublicStory,
    *,
    email: str = "",
    fault: str = "",
    is_sent: bool = False,
    status: int = 200,
) -> Response:
    return visit.page(
        "story_send.html",
        status=status,
        story=tell(public.story, public.vocabulary, visit.speech),
        email=email,
        fault=fault,
        is_sent=is_sent,
        stamp=form_stamp(visit),
    )
