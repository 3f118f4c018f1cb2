"""What DNS says of a sender's domain: SPF, DKIM, DMARC, MX, and the names of addresses.

Knows what Gmail, Yahoo and Microsoft ask of bulk senders. The one owner of dnspython.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import dns.exception
import dns.resolver
import dns.reversename

from mailer.core.findings import Finding, fail, ok, warn
from mailer.core.hygiene import clean_header
from mailer.delivery.dkim_keys import DkimKey
from mailer.errors import InputError

_SECONDS = 3.0
_LOOKUPS = 10  # RFC 7208 section 4.6.4: one more is a permanent error.
_COUNTED = re.compile(r"[+?~-]?(include:|a\b|mx\b|ptr\b|exists:)|redirect=", re.IGNORECASE)


class NoResolver(Exception):  # noqa: N818 - says what it is
    """No resolver answers: nothing can be said about any name."""


class Names:
    """Asks one resolver: this machine's, or that at `server`, with or without a port."""

    def __init__(self, server: str = "", *, seconds: float = _SECONDS) -> None:
        try:
            self._resolver = dns.resolver.Resolver(configure=not server)
        except dns.resolver.NoResolverConfiguration as error:
            raise NoResolver(str(error)) from error
        if server:
            host, _, port = server.rpartition(":") if server.count(":") == 1 else (server, "", "")
            try:
                self._resolver.nameservers = [host]
                self._resolver.port = int(port or 53)
            except ValueError as error:
                raise InputError(
                    f"'{clean_header(server, 60)}' is no resolver: write its IP address, such as "
                    "192.0.2.53 or 192.0.2.53:5353"
                ) from error
        self._resolver.timeout = self._resolver.lifetime = seconds

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name; raises NoResolver."""
        return [
            b"".join(record.strings).decode("utf-8", "replace")
            for record in self._records(name, "TXT")
        ]

    def mail_hosts(self, name: str) -> list[str]:
        """Return the hosts that take mail for a name, best first; raises NoResolver."""
        records = sorted(self._records(name, "MX"), key=lambda record: int(record.preference))
        return [str(record.exchange).rstrip(".").lower() for record in records]

    def addresses(self, name: str) -> list[str]:
        """Return the addresses of a host; raises NoResolver."""
        return [
            str(record.address) for kind in ("A", "AAAA") for record in self._records(name, kind)
        ]

    def names_of(self, address: str) -> list[str]:
        """Return the names an address says it has (PTR); raises NoResolver."""
        reverse = str(dns.reversename.from_address(address))
        return [str(record.target).rstrip(".").lower() for record in self._records(reverse, "PTR")]

    def _records(self, name: str, kind: str) -> list[Any]:
        try:
            return list(self._resolver.resolve(name.rstrip(".") + ".", kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise NoResolver(clean_header(str(error))) from error


def examine_domain(
    names: Names, domain: str, keys: Sequence[DkimKey], *, key_domain: str | None
) -> Iterator[Finding]:
    """Say what DNS tells receivers about mail from this domain; raises NoResolver.

    `keys` sign it under `key_domain`, None when none does.
    """
    spf = [text for text in names.texts(domain) if re.match(r"v=spf1(\s|$)", text, re.IGNORECASE)]
    yield _examine_spf(domain, spf)
    if key_domain is not None:
        for key in keys:
            yield _examine_dkim(names, key, key_domain)
    yield _examine_dmarc(names, domain)
    hosts = names.mail_hosts(domain)
    if hosts and hosts != [""]:
        yield ok(f"dns {domain}", f"MX: replies and bounces go to {', '.join(hosts)}")
    elif names.addresses(domain) and not hosts:
        yield warn(f"dns {domain}", "no MX record, only an address", "add MX: bounces get lost")
    else:
        yield fail(
            f"dns {domain}",
            "nobody takes mail for it: many servers refuse such a sender",
            f"add an MX record for {domain}",
        )


def examine_relay(names: Names, host: str) -> Finding | None:
    """Say whether the addresses of a relay of ours have names that lead back to them."""
    for address in names.addresses(host):
        for name in names.names_of(address):
            if address in names.addresses(name):
                return ok(f"dns {host}", f"{address} is {name}, forward and back")
        return warn(
            f"dns {host}",
            f"{address} has no name (PTR) that leads back to it",
            "if this host delivers by itself, have its provider set the PTR record: Gmail and "
            "Yahoo refuse without",
        )
    return None


def _examine_spf(domain: str, found: Sequence[str]) -> Finding:
    subject = f"spf {domain}"
    if not found:
        return fail(
            subject,
            "no SPF record: Gmail, Yahoo and Microsoft refuse bulk mail without",
            f'add TXT at {domain}: "v=spf1 include:YOUR-PROVIDER ~all", or ip4:YOUR-RELAY',
        )
    if len(found) > 1:
        return fail(
            subject, f"{len(found)} SPF records, which counts as none", "join them into one"
        )
    (record,) = found
    words = record.split()
    if any(word.lower() in ("+all", "all") for word in words):
        return fail(subject, "its SPF lets everybody send (+all)", "end it in ~all or -all")
    lookups = len([word for word in words if _COUNTED.match(word)])
    if lookups > _LOOKUPS:
        return fail(
            subject,
            f"its SPF asks for {lookups} lookups, only {_LOOKUPS} are made",
            "shorten it",
        )
    return ok(subject, clean_header(record, 120))


def _examine_dkim(names: Names, key: DkimKey, domain: str) -> Finding:
    name = key.dns_name(domain)
    subject = f"dkim {name}"
    found = [text for text in names.texts(name) if "p=" in text]
    mend = "publish what 'mailer dkim show' prints"
    if not found:
        return fail(subject, "no key in DNS: every signature fails", mend)
    wanted = _tags(key.record)
    for text in found:
        tags = _tags(text)
        if tags.get("p") == "":
            return fail(subject, "the key is revoked (empty p=)", mend)
        if tags.get("p") == wanted["p"] and tags.get("k", "rsa") == wanted["k"]:
            if key.algorithm.startswith("rsa") and key.bits < 2048:
                return warn(subject, f"the key has {key.bits} bits", "make one of 2048")
            if "y" in tags.get("t", "").split(":"):
                return warn(subject, "the record is in test mode (t=y)", "remove t=y")
            return ok(subject, f"the key in DNS is ours, {key.algorithm}, {key.bits} bits")
    return fail(subject, "the key in DNS is another one: every signature fails", mend)


def _examine_dmarc(names: Names, domain: str) -> Finding:
    subject = f"dmarc {domain}"
    for place in _dmarc_places(domain):
        found = [text for text in names.texts(place) if text.lower().startswith("v=dmarc1")]
        if len(found) > 1:
            return fail(subject, f"{len(found)} DMARC records, which counts as none", "keep one")
        if found:
            policy = _tags(found[0]).get("p", "")
            if policy not in ("none", "quarantine", "reject"):
                return fail(subject, f"'p={clean_header(policy, 40)}' is no policy", "set p=none")
            return ok(subject, f"p={policy} at {place}")
    return fail(
        subject,
        "no DMARC record: Gmail, Yahoo and Microsoft refuse bulk mail without",
        f'add TXT at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:YOU@{domain}"',
    )


def _dmarc_places(domain: str) -> Iterator[str]:
    """Yield where a receiver looks: the domain, then those above it (RFC 9091 walks the tree)."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        yield f"_dmarc.{'.'.join(labels[start:])}"


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";") if "=" in part)
    return {name.strip().lower(): re.sub(r"\s", "", value) for name, _, value in pairs}
