"""S18: no link of ours leads on to where somebody else says: no tracking, no open redirect."""

import re
from urllib.parse import urlsplit

import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.readers import Cadence
from mailer.flows.preview_mail import preview_mail
from mailer.store.stories import latest_stories
from mailer.web.visits import Visit
from tests.security.mutations import goes_red
from tests.web.conftest import client, open_room, room
from tests.web.readers import MINA

__all__ = ["client", "open_room", "room"]

_ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "https:evil.example",
    "%2f%2fevil.example",
    "\thttps://evil.example",
    "javascript:alert(1)",
    "https://news.example@evil.example/",
)
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_NAMES = ("next", "url", "to", "u", "r", "redirect", "return", "return_to", "continue", "goto", "q")


def _leads_away(location: str) -> bool:
    parts = urlsplit(location.replace("\\", "/"))
    return bool(parts.scheme or parts.netloc) and parts.netloc != "news.example"


def _check_routes(client: TestClient, below: str = "/") -> int:
    """Ask every route below a path, with wishes in its query and its form; gives how many."""
    asked = 0
    for context in iter_route_contexts(client.app.routes):  # type: ignore[attr-defined]
        path = re.sub(r"\{[^}]*\}", "x", context.path_format or "")
        if not path.startswith(below):
            continue
        for method in sorted(set(context.methods or ()) & {"GET", "POST"}):
            for place in _ELSEWHERE[:2]:
                wanted = dict.fromkeys(_NAMES, place)
                body = {"data": wanted} if method == "POST" else {}
                answer = client.request(method, path, params=wanted, **body)  # type: ignore[arg-type]
                asked += 1
                assert not _leads_away(answer.headers.get("location", "")), f"{method} {path}"
                assert "refresh" not in answer.headers
    return asked


def test_s18_no_route_leads_where_its_address_says(client: TestClient) -> None:
    assert _check_routes(client) > 100


def test_s18_goes_red_when_a_page_follows_its_query(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from starlette.responses import RedirectResponse

    def follow(visit: Visit, path: str) -> RedirectResponse:
        return RedirectResponse(visit.request.query_params.get("next", path), status_code=303)

    def check() -> None:
        _check_routes(client, "/dev")

    goes_red(check, monkeypatch, mailer__web__visits__Visit__go=follow)


@pytest.mark.parametrize("place", [*_ELSEWHERE[:3], "evil.example", ""])
def test_s18_a_page_can_only_send_to_this_site(place: str) -> None:
    with pytest.raises(ValueError, match="no page of this site"):
        Visit.go(None, place)  # type: ignore[arg-type]


def _check_mails(room: Installation) -> None:
    mail, _ = preview_mail(
        room.desk, "asia-daily", Cadence.DAILY, reader_email=MINA, as_of=room.clock()
    )
    assert mail is not None
    with room.desk.database.read() as connection:
        stories = [story for story in latest_stories(connection, 500) if story.url]
    straight = {story.url for story in stories}
    straight |= {other.url for story in stories for other in story.see_also}
    found = {link.rstrip(".,)") for link in _ADDRESS.findall(mail.mail.text)}
    outside = {link for link in found if urlsplit(link).netloc != "news.example"}
    assert outside, "no mail led to a story"
    # Each leads straight to a story's own address; none of ours stands between.
    assert outside <= straight
    for link in found - outside:
        assert "http" not in link.removeprefix("https://").casefold(), link


def test_s18_a_mail_links_to_the_story_itself(room: Installation) -> None:
    _check_mails(room)


def test_s18_goes_red_when_clicks_are_counted(
    room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_red(
        lambda: _check_mails(room),
        monkeypatch,
        mailer__render__links__usable_address=lambda url: f"https://click.example/?to={url}",
    )
