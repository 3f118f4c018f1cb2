"""A browser that reads every page it can reach and remembers how each route is asked by people."""

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

# Streams that end with the session: nobody can wait for them.
ENDLESS = frozenset({"/operate/live"})
_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_KINDS = {"path": ".+", "int": r"\d+", "": "[^/]+"}


@dataclass(frozen=True)
class Route:
    """A method and the template of a path."""

    method: str
    template: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """What its paths look like."""
        parts = _PARAMETER.split(self.template)
        told = [re.escape(parts[0])]
        for name, kind, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            told += [f"(?P<{name}>{_KINDS[kind or '']})", re.escape(rest)]
        return re.compile("".join(told))


@dataclass
class Asking:
    """How a page asks a route: the path, and what its form fills in."""

    path: str
    fields: dict[str, str] = field(default_factory=dict)
    is_read: bool = False


def routes_of(app: Any) -> list[Route]:
    """Return every route of an app, in the order they are tried."""
    return [
        Route(method, str(context.path))
        for context in iter_route_contexts(app.routes)
        for method in sorted(getattr(context.route, "methods", None) or ())
        if method != "HEAD"
    ]


class Spider:
    """Follows links and reads forms; `seen` is the first way each route was found to be asked."""

    def __init__(self, client: TestClient, routes: Iterable[Route]) -> None:
        self.seen: dict[Route, Asking] = {}
        self.values: dict[str, str] = {}
        self._client = client
        self._routes = list(routes)
        self._waiting: deque[str] = deque()

    def crawl(self, starts: Iterable[str]) -> None:
        """Read these pages and all they lead to, one page for each route."""
        for start in starts:
            self._find("GET", start, {})
        while self._waiting:
            answer = self._client.get(self._waiting.popleft())
            if answer.is_redirect:
                self._find("GET", answer.headers["location"], {})
            elif "html" in answer.headers.get("content-type", ""):
                page = _Page()
                page.feed(answer.text)
                for link in page.links:
                    self._find("GET", link, {})
                for form in page.forms:
                    self._find(form.method, form.action or str(answer.url), form.fields)

    def path(self, template: str) -> str:
        """Fill a template with what such parameters were elsewhere."""
        return _PARAMETER.sub(lambda found: self.values.get(found[1], "1"), template)

    def _find(self, method: str, url: str, fields: Mapping[str, str]) -> None:
        target = urlsplit(url)
        if target.hostname not in (None, "news.example"):
            return
        for route in self._routes:
            found = route.pattern.fullmatch(target.path)
            if route.method == method and found:
                for name, value in found.groupdict().items():
                    self.values.setdefault(name, value)
                asked = dict(parse_qsl(target.query)) | dict(fields)
                known = self.seen.setdefault(route, Asking(target.path))
                if method == "GET" and not known.fields.keys() >= asked.keys():
                    known.fields |= asked
                elif method != "GET":
                    known.fields = asked | known.fields
                    return
                if not known.is_read and route.template not in ENDLESS:
                    known.is_read = True
                    self._waiting.append(url)
                return


@dataclass
class _Form:
    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Page(HTMLParser):
    """The links and forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[_Form] = []
        self._choice = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in told:
            self.links.append(told["href"].partition("#")[0] or "/")
        elif tag == "link" and "href" in told:
            self.links.append(told["href"])
        elif tag in ("iframe", "img", "script") and "src" in told:
            self.links.append(told["src"])
        elif tag == "form":
            self.forms.append(_Form(told.get("method", "get").upper(), told.get("action", "")))
        elif tag in ("input", "button", "select", "textarea") and self.forms:
            self._choice = told.get("name", "")
            if self._choice:
                self.forms[-1].fields.setdefault(self._choice, told.get("value", ""))
            if "formaction" in told:
                last = self.forms[-1]
                self.forms.append(_Form(last.method, told["formaction"], dict(last.fields)))
        elif tag == "option" and self._choice and self.forms and told.get("value"):
            fields = self.forms[-1].fields
            fields[self._choice] = fields[self._choice] or told["value"]
