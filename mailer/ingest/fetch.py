"""Documents from the network, taken with care: a feed's address is foreign input (S12).

Knows redirects, conditional requests and compression. To whom we connect is the guard's.
"""

import zlib
from dataclasses import dataclass
from typing import Final

import httpcore2
import httpx2

from mailer.core.hygiene import clean_header
from mailer.errors import InputError, ServiceAway
from mailer.ingest.guard import Deadline, GuardedTransport

# S12. Feeds of 200 full stories have about 1 MiB.
MAX_BYTES: Final = 5 * 1024 * 1024
MAX_REDIRECTS: Final = 5
MOST_SECONDS: Final = 10.0

_AGENT: Final = "newsroom-mailer (feed reader)"
_ACCEPT: Final = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, "
    "text/html;q=0.8, */*;q=0.5"
)
# 15 + 32: zlib finds out by itself whether the data is gzip or zlib.
_GZIP_OR_ZLIB: Final = 47


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave. `url` is where it was found at last, after redirects.

    `etag` and `last_modified` are to be sent with the next request. With `not_modified` there is
    no content, and they are those of the request unless the server sent newer ones.
    """

    content: bytes
    content_type: str
    etag: str
    last_modified: str
    url: str
    not_modified: bool = False


def fetch(
    url: str,
    *,
    etag: str = "",
    last_modified: str = "",
    allow_loopback: bool = False,
    seconds: float = MOST_SECONDS,
    max_redirects: int = MAX_REDIRECTS,
) -> Fetched:
    """Get a document by http or https, at most 5 MiB of it, within `seconds` in all.

    Follows up to `max_redirects`, each to a public address again. Uses no proxy, sends no cookies.
    Raises InputError for an address that is refused, redirects without end, answers 4xx or sends
    too much; ServiceAway when nobody answers in time, or with 5xx or 429.
    """
    headers = {"User-Agent": _AGENT, "Accept": _ACCEPT, "Accept-Encoding": "gzip"}
    if known := _ascii(etag):
        headers["If-None-Match"] = known
    if known := _ascii(last_modified):
        headers["If-Modified-Since"] = known
    try:
        transport = GuardedTransport(Deadline.after(seconds), allow_loopback=allow_loopback)
        with httpx2.Client(transport=transport, trust_env=False) as client:
            return _follow(client, _checked(url), headers, max_redirects)
    except httpcore2.TimeoutException as error:
        raise ServiceAway(f"{_shown(url)} did not answer within {seconds:g} s") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        reason = clean_header(str(error), 120) or "the connection broke"
        raise ServiceAway(f"{_shown(url)} does not answer: {reason}") from error


def _follow(
    client: httpx2.Client, url: httpx2.URL, headers: dict[str, str], max_redirects: int
) -> Fetched:
    for _ in range(max_redirects + 1):
        request = client.build_request("GET", url, headers=headers)
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            if not response.has_redirect_location:
                return _answer(response, url, headers)
            url = _checked(response.headers["location"], url)
        finally:
            response.close()
    raise InputError(f"{_shown(str(url))} redirects more than {max_redirects} times: check it")


def _answer(response: httpx2.Response, url: httpx2.URL, headers: dict[str, str]) -> Fetched:
    status = response.status_code
    not_modified = status == 304 and ("If-None-Match" in headers or "If-Modified-Since" in headers)
    if status >= 500 or status in (408, 429):
        raise ServiceAway(f"{_shown(str(url))} answered {status}: try again later")
    if status >= 300 and not not_modified:
        raise InputError(f"{_shown(str(url))} answered {status}: check the address")

    def validator(name: str, sent: str) -> str:
        return response.headers.get(name, headers.get(sent, "") if not_modified else "")[:1000]

    return Fetched(
        content=b"" if not_modified else _body(response, url),
        content_type=response.headers.get("content-type", "")[:1000],
        etag=validator("etag", "If-None-Match"),
        last_modified=validator("last-modified", "If-Modified-Since"),
        url=str(url),
        not_modified=not_modified,
    )


def _body(response: httpx2.Response, url: httpx2.URL) -> bytes:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate", ""):
        raise InputError(f"{_shown(str(url))} is packed as {encoding!r}, which we did not ask for")
    unpacker = None if encoding in ("identity", "") else zlib.decompressobj(_GZIP_OR_ZLIB)
    content = bytearray()
    received = 0
    try:
        for chunk in response.iter_raw():
            room = MAX_BYTES + 1 - len(content)
            # Never more than `room`: a chunk of 64 KiB may unpack to 64 MiB.
            content += unpacker.decompress(chunk, room) if unpacker else chunk[:room]
            received += len(chunk)
            if max(received, len(content)) > MAX_BYTES:
                raise InputError(f"{_shown(str(url))} is larger than 5 MiB: give a shorter feed")
    except zlib.error as error:
        raise InputError(f"{_shown(str(url))} sent broken gzip data: {error}") from error
    if unpacker is not None and received and not unpacker.eof:
        raise ServiceAway(f"{_shown(str(url))} stopped in the middle of its answer")
    return bytes(content)


def _checked(address: str, base: httpx2.URL | None = None) -> httpx2.URL:
    """Return an http or https address with a host and without name or password."""
    try:
        url = httpx2.URL(address.strip()) if base is None else base.join(address.strip())
    except (httpx2.InvalidURL, ValueError) as error:
        raise InputError(f"{_shown(address)} is no address: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise InputError(f"{_shown(address)} is refused: use an http:// or https:// address")
    if url.userinfo:
        raise InputError(f"{_shown(url.host)} was given with a name or password: leave them out")
    return url


def _ascii(validator: str) -> str:
    return clean_header(validator, 1000).encode("ascii", "ignore").decode()


def _shown(address: str) -> str:
    return repr(clean_header(address, 200))
