"""Posting to addresses that operators typed, with the guard that feeds are fetched with (S12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpcore2
import httpx2

from mailer.core.hygiene import clean_header
from mailer.core.private_hosts import NONE, PrivateHosts
from mailer.errors import InputError, ServiceAway
from mailer.ingest.guard import Deadline, GuardedTransport

MOST_SECONDS: Final = 10.0
_MOST_ANSWER: Final = 2_000
_AGENT: Final = "newsroom-mailer (webhooks)"


@dataclass(frozen=True, slots=True)
class Posted:
    """What an address answered; of the text its beginning. `retry_after` in seconds, 0 for none."""

    status: int
    text: str
    retry_after: int = 0


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_loopback: bool = False,
    private: PrivateHosts = NONE,
    seconds: float = MOST_SECONDS,
) -> Posted:
    """Post a JSON document once, within `seconds` in all; redirects are not followed.

    Raises InputError for an address that may not be asked, ServiceAway when none answers.
    """
    own = {"User-Agent": _AGENT, "Content-Type": "application/json", "Accept-Encoding": "identity"}
    try:
        transport = GuardedTransport(
            Deadline.after(seconds), allow_loopback=allow_loopback, private=private
        )
        with httpx2.Client(transport=transport, trust_env=False) as client:
            request = client.build_request("POST", url, content=body, headers={**own, **headers})
            response = client.send(request, stream=True, follow_redirects=False)
            try:
                return Posted(response.status_code, _beginning(response), _retry_after(response))
            finally:
                response.close()
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
        raise InputError(f"this is no address: {error}") from error
    except (httpcore2.TimeoutException, httpx2.TimeoutException) as error:
        raise ServiceAway(f"no answer within {seconds:g} s") from error
    except (
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpx2.NetworkError,
        httpx2.ProtocolError,
    ) as error:
        reason = clean_header(str(error), 120) or "the connection broke"
        raise ServiceAway(reason) from error


def _beginning(response: httpx2.Response) -> str:
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk[: _MOST_ANSWER - len(content)]
        if len(content) >= _MOST_ANSWER:
            break
    return clean_header(content.decode("utf-8", "replace"), 200)


def _retry_after(response: httpx2.Response) -> int:
    text = response.headers.get("retry-after", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
