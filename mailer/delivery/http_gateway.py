"""The HTTP backend: one JSON POST a message, for the gateways of mail providers.

The gateway must honour `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a second
request with the same key has no second effect. The key is the Message-ID, the same for every
attempt, so what got no answer is asked again at once, and may be asked again later.
"""

import json
import ssl
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any

import httpx2

from mailer.core.hygiene import clean_header
from mailer.delivery.wire import unfit
from mailer.errors import BackendError
from mailer.ports import (
    Accepted,
    Backend,
    BackendOptions,
    Deferred,
    InDoubt,
    Message,
    Misconfigured,
    Outcome,
    Refused,
)

_TIMEOUT = httpx2.Timeout(connect=10.0, read=60.0, write=60.0, pool=10.0)
_MOST_BYTES = 65_536  # Of an answer: a sentence is wanted, an error page may come.
_LONGEST_REPLY = 500
_MOST_LOST = 2
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# The request was fine, and later it may be taken: timeout, conflict, too early, too many.
_LATER = frozenset({408, 409, 425, 429})
# The gateway looked at no message: these are its own affairs.
_BUSY = frozenset({429, 503})
# Wrong address, key, method, form: whichever message it is.
_OUR_FAULT = frozenset({401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 426})
_WORDS = ("reply", "message", "detail", "title", "error", "status")


class HttpBackend:
    """Posts messages to one address over a connection that stays open.

    A connection that breaks is replaced once a message; two messages in a row that still find
    nobody end the trying: what is left of the call is deferred untried. Threads take turns.
    """

    name = "http"

    def __init__(self, url: str, *, token: str = "", timeout: httpx2.Timeout = _TIMEOUT) -> None:
        self._url = _checked(url, has_token=bool(token))
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "newsroom-mailer",
        }
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._timeout = timeout
        self._client: httpx2.Client | None = None
        self._turn = Lock()

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """Send in order."""
        lost: list[str] = []
        for message in messages:
            if len(lost) >= _MOST_LOST:
                yield Deferred(0, f"not tried: {len(lost)} were lost: {lost[-1]}", counts=False)
                continue
            with self._turn:
                outcome = unfit(message) or self._deliver(message)
            match outcome:
                case InDoubt(reply) | Deferred(0, reply):
                    lost.append(reply)
                case _:
                    lost.clear()
            yield outcome

    def close(self) -> None:
        """Close the connection; may be called twice."""
        with self._turn:
            client, self._client = self._client, None
            if client is not None:
                client.close()

    def _deliver(self, message: Message) -> Outcome:
        """Post one message, a second time when the first got no answer: the key makes it safe."""
        body = _body(message)
        headers = {**self._headers, "Idempotency-Key": f'"{message.message_id}"'}
        try:
            return self._post(body, headers)
        except (httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            return _away(error)
        except httpx2.TransportError:
            self._renew()
        try:
            return self._post(body, headers)
        except httpx2.TransportError as error:
            self._renew()
            return _away(error)

    def _post(self, body: bytes, headers: dict[str, str]) -> Outcome:
        if self._client is None:
            # No proxy and no .netrc of this process's environment decide where mail goes.
            self._client = httpx2.Client(
                verify=ssl.create_default_context(),
                timeout=self._timeout,
                trust_env=False,
                follow_redirects=False,
            )
        with self._client.stream("POST", self._url, content=body, headers=headers) as response:
            answer = bytearray()
            for chunk in response.iter_raw():
                answer += chunk[: _MOST_BYTES - len(answer)]
                if len(answer) >= _MOST_BYTES:
                    break
            return judge_status(response.status_code, response.headers, bytes(answer))

    def _renew(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def judge_status(status: int, headers: "httpx2.Headers", answer: bytes) -> Outcome:
    """Say what an answer means for the message; the table stands in docs/backends.md.

    A JSON answer may hold a sentence for the ledger (`reply`), and `suppress` when the address
    itself is bad for ever.
    """
    document = _document(answer)
    reply = f"{status} {_sentence(document, answer)}".strip()
    if 200 <= status < 300:
        return Accepted(status, reply)
    if status >= 500 or status in _LATER:
        judged = status not in _BUSY
        return Deferred(status, reply, counts=judged, wait_seconds=_retry_after(headers))
    if status < 400 or status in _OUR_FAULT:
        return Misconfigured(status, f"the gateway says {reply}: check MAILER_HTTP_URL and _TOKEN")
    return Refused(status, reply, suppress=document.get("suppress") is True)


def open_http(options: BackendOptions) -> Backend:
    """Build the HTTP backend on `options.http_url`; connects when the first message comes."""
    return HttpBackend(options.http_url, token=options.http_token)


def _checked(url: str, *, has_token: bool) -> httpx2.URL:
    try:
        read = httpx2.URL(url.strip())
    except (httpx2.InvalidURL, ValueError) as error:
        raise BackendError(f"MAILER_HTTP_URL is no address: {clean_header(str(error))}") from error
    if read.scheme not in ("http", "https") or not read.host:
        raise BackendError(
            "the http backend needs MAILER_HTTP_URL: the https:// address that takes messages"
        )
    if read.userinfo:
        raise BackendError("MAILER_HTTP_URL has a name or password in it: use MAILER_HTTP_TOKEN")
    if has_token and read.scheme == "http" and read.host not in _LOOPBACK:
        raise BackendError(
            "MAILER_HTTP_URL is http:// and MAILER_HTTP_TOKEN would travel in clear: use https://"
        )
    return read


def _body(message: Message) -> bytes:
    return json.dumps(
        {
            "message_id": message.message_id,
            "sender": message.sender,
            "recipient": message.recipient,
            "smtputf8": message.needs_smtputf8,
            "content": b64encode(message.content).decode(),
        }
    ).encode()


def _away(error: httpx2.TransportError) -> Outcome:
    """Say what no answer means: nothing when nobody was reached, a doubt when somebody was."""
    what = clean_header(str(error) or type(error).__name__)
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return Deferred(0, f"nobody answers at the gateway: {what}", counts=False)
    return InDoubt(f"asked twice with one key, no answer came: {what}")


def _document(answer: bytes) -> dict[str, Any]:
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _sentence(document: dict[str, Any], answer: bytes) -> str:
    said = next((document[word] for word in _WORDS if isinstance(document.get(word), str)), None)
    return clean_header(said or answer.decode("utf-8", "replace"), _LONGEST_REPLY)


def _retry_after(headers: "httpx2.Headers") -> float | None:
    """Read Retry-After: seconds, or a date (RFC 9110 section 10.2.3). None when it is neither."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
