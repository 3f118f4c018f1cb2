"""Visitors who ask one page again and again at a given rate, whatever the server makes of it."""

import http.client
import statistics
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

_VISITORS = 16


@dataclass(frozen=True)
class Page:
    """What is asked: a GET, or a POST of a form."""

    path: str
    form: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def ask_at(port: int, pages: list[Page], rate: float, seconds: float) -> dict[str, float]:
    """Ask the pages in turn, so many a second; how long answers took from when they were due.

    A late answer counts from the moment somebody would have asked, so that a server that falls
    behind looks as slow as its visitors find it. Raises SystemExit for an answer that is no 200.
    """
    count = int(rate * seconds)
    began = time.perf_counter() + 0.1

    def visit(number: int) -> list[float]:
        took = []
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for turn in range(number, count, _VISITORS):
            due = began + turn / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            _ask(connection, pages[turn % len(pages)])
            took.append(time.perf_counter() - due)
        connection.close()
        return took

    with ThreadPoolExecutor(_VISITORS) as visitors:
        took = sorted(one for found in visitors.map(visit, range(_VISITORS)) for one in found)
    lasted = time.perf_counter() - began
    return {
        "asked a second": rate,
        "answered a second": count / lasted,
        "median ms": statistics.median(took) * 1e3,
        "95 % ms": took[int(len(took) * 0.95)] * 1e3,
    }


def ask_one_by_one(port: int, page: Page, times: int) -> dict[str, float]:
    """Ask a page so many times, each after the answer to the one before."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    took = []
    for _ in range(times):
        began = time.perf_counter()
        _ask(connection, page)
        took.append((time.perf_counter() - began) * 1e3)
    connection.close()
    return {"first ms": took[0], "median ms": statistics.median(took), "most ms": max(took)}


def _ask(connection: http.client.HTTPConnection, page: Page) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if page.form else {}
    method = "POST" if page.form else "GET"
    connection.request(method, page.path, page.form or None, {**kind, **page.headers})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"{method} {page.path[:40]} was answered {answer.status}")
