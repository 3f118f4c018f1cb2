"""T11: every route of the app, asked as its pages ask it and then with hostile bytes everywhere.

A spider reads the pages of the readers, of the desk and of the developers with real tokens and a
real session, and so learns each form. Whatever is sent then, no answer is 500 or more.
"""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Generic, TypeVar
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.api_keys import Scope
from mailer.core.operators import Role
from mailer.flows.keep_keys import add_key
from mailer.store.stories import latest_stories
from mailer.web.application import make_app
from tests.journeys.spider import ENDLESS, Asking, Route, Spider, routes_of
from tests.web.conftest import client, open_room, room
from tests.web.desk_browser import Browser, staffed
from tests.web.test_get_changes_nothing import tokens

__all__ = ["client", "open_room", "room"]

T = TypeVar("T")
_TEXTS = (
    "-1",
    "9" * 30,
    "1e400",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{{ 7*7 }}{% include 'x' %}",
    "a\r\nBcc: x@y.example",
    "\x00",
    "../../../../etc/passwd",
    "\u202e\ufeff\U0001f9ff é",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "a" * 5000,
    "(" * 500,
    "",
    "9999-99-99",
    "0001-01-01T00:00:00-23:59",
    "=cmd|'/c calc'!A1",
    "@example.org",
    "x" * 65 + "@" + "y." * 150 + "example",
)
_PATHS = (
    "%00",
    "%FF%FE",
    "..%2f..%2fetc",
    "-1",
    "9" * 30,
    "%F0%9F%A7%BF",
    "a" * 3000,
    "%0d%0aX: y",
)
_HEADERS: tuple[dict[str, bytes], ...] = (
    {"Accept-Language": b"\xff\xfe;q=nan,*;q=1e999", "Accept": b"\x80/\x80;;;q="},
    {"Cookie": b"session=\xff; __Host-session=%00; =; a=b=c; csrf=" + b"x" * 4000},
    {"If-None-Match": b'W/"\xff', "If-Modified-Since": b"Thu, 99 Foo 9999", "Range": b"bytes=9-1"},
    {"Content-Type": b"application/x-www-form-urlencoded; charset=klingon"},
    {"Content-Type": b"multipart/form-data; boundary=\xff"},
    {"Content-Type": b"multipart/form-data"},
    {"Content-Type": b"application/json", "Content-Encoding": b"gzip"},
    {"Host": b"[::1", "Origin": b"null", "X-Forwarded-For": b"\xff, 999.1.1.1", "Referer": b"::"},
    {"Authorization": b"Bearer \xff\xfe", "Idempotency-Key": b"\xff" * 300},
    {"Authorization": b"Basic =====", "X-Request-ID": b"\x80" * 9},
)
_BODIES = (
    b"\xff\xfe\x00",
    b"%&&==&%zz=%FF&csrf=%00",
    b"[" * 50_000,
    b'{"a":' * 2_000,
    b"--x\r\nContent-Disposition: form-data; name=\xff\r\n\r\n",
    b"1e999999",
    b'{"uid":"\\ud800","email":"\\u0000","title":{}}',
)


class _Turn(Generic[T]):
    """Gives one after the other, or all at once."""

    def __init__(self, kind: tuple[T, ...]) -> None:
        self._kind, self._next = kind, itertools.cycle(kind)

    def __call__(self, every: bool) -> tuple[T, ...]:
        return self._kind if every else (next(self._next),)


class Attack:
    """Asks each route of an installation, as its pages do and otherwise; keeps all answers."""

    def __init__(self, room: Installation, kept: dict[str, str]) -> None:
        self.admin = Browser(staffed(room), Role.ADMIN)
        key = add_key(room.desk.database, "T11", frozenset(Scope), actor="test", now=room.clock())
        self._bearer = {"Authorization": f"Bearer {key.text}"}
        # Programs first: an admin's hostile forms may well take their key away.
        self.routes = sorted(
            routes_of(make_app(room)), key=lambda route: not route.template.startswith("/api")
        )
        self.answers: dict[Route, list[int]] = defaultdict(list)
        self.broken: list[str] = []
        self._tokens = kept
        self._spider = Spider(self.admin.client, self.routes)
        starts = ["/", "/operate", "/dev", "/preferences", "/operate/sign-in", "/api/docs"]
        with room.desk.database.read() as connection:
            uid = latest_stories(connection, 1)[0].uid
        self._spider.values = {"provider": "postmark", "uid": uid, "step": "pause"}
        starts += [f"/stories/{uid}", "/n/asia-daily"]
        self._spider.crawl([*starts, *(f"/{page}/{token}" for page, token in kept.items())])

    def asking(self, route: Route) -> Asking:
        """How a person asks this route; what no page leads to is asked with made-up values."""
        if known := self._spider.seen.get(route):
            return known
        token = self._tokens.get(route.template.split("/")[1], "x")
        return Asking(self._spider.path(route.template.replace("{token}", token)))

    def ask(
        self,
        route: Route,
        path: str,
        fields: dict[str, str],
        headers: dict[str, bytes] | None = None,
        body: bytes | None = None,
    ) -> None:
        """Send one request and look at its answer."""
        told: dict[str, str | bytes] = {"Origin": "https://news.example", **self._bearer}
        if not route.template.startswith("/api"):
            del told["Authorization"]
        told |= headers or {}
        if body is not None or route.method != "GET":
            form = body if body is not None else None
            answer = self._client(route).request(
                route.method,
                path,
                headers=told,  # type: ignore[arg-type]
                **({"content": form} if form is not None else {"data": fields}),
            )
        else:
            answer = self._client(route).get(path, params=fields, headers=told)  # type: ignore[arg-type]
        self.answers[route].append(answer.status_code)
        if answer.status_code >= 500:
            what = (
                f"{route.method} {path[:80]} {str(fields)[:200]} {headers} {(body or b'')[:40]!r}"
            )
            self.broken.append(f"{what}: {answer.status_code}")

    def _client(self, route: Route) -> TestClient:
        # A session that ends would leave the desk untried.
        alone = route.template in ("/operate/sign-out", "/operate/sign-in")
        return self._stranger if alone else self.admin.client

    @property
    def _stranger(self) -> TestClient:
        return TestClient(
            self.admin.client.app,
            base_url="https://news.example",
            raise_server_exceptions=False,
            follow_redirects=False,
        )

    def press(self, every: bool) -> None:
        """Try each route: as it is meant, then with each kind of hostile bytes in turn, or all."""
        texts, paths = _Turn(_TEXTS), _Turn(_PATHS)
        headers, bodies = _Turn(_HEADERS), _Turn(_BODIES)
        for route in self.routes:
            if route.template in ENDLESS:
                continue
            asking = self.asking(route)
            fields = dict(asking.fields)
            if route.method != "GET":
                fields["csrf"] = self.admin.csrf
            self.ask(route, asking.path, fields)
            for text in texts(every):
                for hostile in _spoiled(fields, text, every):
                    self.ask(route, asking.path, hostile)
            for part in paths(every):
                for path in _spoiled_paths(route, asking.path, part):
                    self.ask(route, path, fields)
            for header in headers(every):
                self.ask(route, asking.path, fields, headers=header)
            for body in bodies(every):
                kind = {"Content-Type": b"application/x-www-form-urlencoded"}
                if route.template.startswith(("/api", "/hooks")):
                    kind = {"Content-Type": b"application/json"}
                self.ask(route, asking.path, fields, headers=kind, body=body)


def _spoiled(fields: dict[str, str], text: str, every: bool) -> Iterator[dict[str, str]]:
    """All fields at once, but for the token that lets them in; with `every` one by one, too."""
    own = {name: value for name, value in fields.items() if name == "csrf"}
    yield dict.fromkeys([*fields, "q", "before", "page"], text) | own
    if every:
        for name in fields.keys() - own.keys():
            yield fields | {name: text}


def _spoiled_paths(route: Route, path: str, part: str) -> Iterator[str]:
    found = route.pattern.fullmatch(path)
    if found:
        for name in found.groupdict():
            yield path[: found.start(name)] + part + path[found.end(name) :]
    else:
        yield re.sub(r"\{[^}]*\}", part, route.template)
    yield f"{path}?{quote(part)}=%FF&%00&[]=1&before={part}"


# What a stranger may not see, or what there is nothing of in this room.
_SHUT = {401, 403, 404, 405, 410}


@pytest.mark.parametrize(
    "every", [False, pytest.param(True, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
)
def test_no_route_breaks_whatever_it_is_asked(
    client: TestClient, room: Installation, every: bool
) -> None:
    attack = Attack(room, tokens(client, room))
    # One loop for all of it, where each request of an idle client would start its own.
    with attack.admin.client:
        attack.press(every)

    assert attack.broken == []
    untried = {route for route in attack.routes if not attack.answers[route]}
    assert {route.template for route in untried} == ENDLESS
    # What nothing in this room leads to: its own tests have a feed, a letter, a secret, an undo.
    elsewhere = {
        "/operate/live",
        "/operate/sign-out",
        "/operate/feeds/{feed_id}/{step}",
        "/operate/letters/{letter_id}/mail",
        "/hooks/{provider}",
        "/hooks/{provider}/{token}",
        "/undo/{token}",
    }
    shut = {
        f"{route.method} {route.template} {sorted(set(answers))} {attack.asking(route)}"
        for route, answers in attack.answers.items()
        if set(answers) <= _SHUT and route.template not in elsewhere
    }
    assert not shut, "\n".join(sorted(shut))
