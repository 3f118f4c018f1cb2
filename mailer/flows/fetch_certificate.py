"""Fetch certificates that sign notices, and keep them: Amazon changes them about once a year."""

from collections.abc import Callable
from datetime import datetime, timedelta

from mailer.core.limits import Limit
from mailer.errors import InputError, ServiceAway
from mailer.ingest.fetch import Fetched, fetch

_KEPT_FOR = timedelta(days=1)
_MOST_KEPT = 32
# Who makes up addresses of certificates shall not make us ask for thousands.
_FETCHES = Limit("certificates", burst=10, every=timedelta(minutes=1))


class Certificates:
    """Certificates by their address, as PEM. Who asks has judged the address."""

    def __init__(self, get: Callable[..., Fetched] = fetch) -> None:
        self._get = get
        self._kept: dict[str, tuple[datetime, str]] = {}
        self._full_at: datetime | None = None

    def pem(self, url: str, *, now: datetime) -> str:
        """Return a certificate. Raises InputError when there is none, ServiceAway to try later."""
        kept = self._kept.get(url)
        if kept is not None and now - kept[0] < _KEPT_FOR:
            return kept[1]
        full_at = _FETCHES.use(self._full_at, now)
        if full_at is None:
            raise ServiceAway("too many certificates were asked for: wait a minute")
        self._full_at = full_at
        content = self.visit(url).content
        try:
            text = content.decode("ascii")
        except UnicodeDecodeError as error:
            raise InputError("this is no certificate") from error
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[url] = (now, text)
        return text

    def visit(self, url: str) -> Fetched:
        """Get what stands at an address of Amazon's, and nowhere else: redirects are refused."""
        return self._get(url, max_redirects=0)
