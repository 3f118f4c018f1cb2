"""Web addresses: the only kind of link a story may carry."""

import re
from typing import Final
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

# Mail clients and browsers agree on addresses of up to about 2,000 characters.
LONGEST_URL: Final = 2000

_KEPT: Final = "/%:@!$&'()*+,;=~?-._[]"
_BAD_HOST: Final = re.compile(r"[\x00-\x20\x7f-\x9f\"'<>\\^`{|}%@]")
_HIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def web_url(address: str, base: str = "") -> str:
    """Return an absolute http or https address in ASCII; empty when `address` is none.

    A relative address is resolved against `base`. Names and passwords in addresses are refused:
    they make one site look like another.
    """
    address = _HIDDEN.sub("", address).strip()
    if not address or len(address) > LONGEST_URL:
        return ""
    try:
        parts = urlsplit(urljoin(base, address))
        host = _ascii_host(parts.hostname or "")
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or _BAD_HOST.search(parts.netloc):
        return ""
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc += f":{port}"
    url = urlunsplit(
        (
            parts.scheme,
            netloc,
            quote(parts.path, safe=_KEPT),
            quote(parts.query, safe=_KEPT),
            quote(parts.fragment, safe=_KEPT),
        )
    )
    return url if len(url) <= LONGEST_URL else ""


def _ascii_host(host: str) -> str:
    # UnicodeError, raised for what is no host name, is a ValueError.
    return host if host.isascii() else host.encode("idna").decode("ascii")
