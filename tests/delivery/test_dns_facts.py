"""What DNS says of a sender: every mistake receivers punish is found, what is right is said so."""

from functools import cache

import pytest

from mailer.core.findings import Finding, Level
from mailer.delivery.dkim_keys import DkimKey, new_dkim_key, read_dkim_keys
from mailer.delivery.dns_facts import Names, NoResolver, examine_domain, examine_relay
from mailer.errors import InputError
from tests.delivery.name_server import Zone, name_server

_SPF = '"v=spf1 include:_spf.provider.test ~all"'
_DMARC = '"v=DMARC1; p=none; rua=mailto:d@news.test"'


@cache
def key(*, ed25519: bool = True) -> DkimKey:
    return read_dkim_keys("s1", new_dkim_key(ed25519=ed25519))[0]


def _quoted(record: str) -> str:
    return " ".join(f'"{record[start : start + 200]}"' for start in range(0, len(record), 200))


def _zone(**changes: list[str]) -> Zone:
    """A domain that has everything right, but for the changes."""
    records = {
        "spf": [_SPF, '"site-verification=1"'],
        "dkim": [_quoted(key().record)],
        "dmarc": [_DMARC],
        "mx": ["20 two.news.test.", "10 one.news.test."],
    } | changes
    return {
        ("news.test", "TXT"): records["spf"],
        ("s1._domainkey.news.test", "TXT"): records["dkim"],
        ("_dmarc.news.test", "TXT"): records["dmarc"],
        ("news.test", "MX"): records["mx"],
    }


def _found(
    zone: Zone, domain: str = "news.test", dkim: DkimKey | None = None
) -> dict[str, Finding]:
    with name_server(zone) as server:
        found = examine_domain(Names(server), domain, [dkim or key()], key_domain="news.test")
        return {finding.subject.partition(" ")[0]: finding for finding in found}


def test_a_domain_that_has_all_is_said_to_have_it() -> None:
    found = _found(_zone())
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert set(found) == {"spf", "dkim", "dmarc", "dns"}
    assert found["dns"].found.endswith("one.news.test, two.news.test")


@pytest.mark.parametrize(
    ("subject", "records", "level", "says"),
    [
        ("spf", [], Level.FAIL, "no SPF record"),
        ("spf", ['"v=spf10 ~all"'], Level.FAIL, "no SPF record"),
        ("spf", [_SPF, '"v=spf1 -all"'], Level.FAIL, "2 SPF records"),
        ("spf", ['"v=spf1 +all"'], Level.FAIL, "everybody"),
        ("spf", ['"v=spf1 all"'], Level.FAIL, "everybody"),
        ("spf", ['"v=spf1 ' + "include:a.test " * 11 + '-all"'], Level.FAIL, "11 lookups"),
        ("spf", ['"v=spf1 " "ip4:192.0.2.1 -all"'], Level.OK, "ip4"),
        ("dkim", [], Level.FAIL, "no key in DNS"),
        ("dkim", ['"v=DKIM1; k=ed25519; p="'], Level.FAIL, "revoked"),
        ("dkim", ['"v=DKIM1; k=ed25519; p=AAAA"'], Level.FAIL, "another one"),
        ("dmarc", [], Level.FAIL, "no DMARC record"),
        ("dmarc", [_DMARC, _DMARC.replace("none", "reject")], Level.FAIL, "2 DMARC records"),
        ("dmarc", ['"v=DMARC1; p=all"'], Level.FAIL, "no policy"),
        ("dmarc", ['"v=DMARC1;p=reject"'], Level.OK, "p=reject"),
        ("mx", [], Level.FAIL, "nobody takes mail"),
        ("mx", ["0 ."], Level.FAIL, "nobody takes mail"),
    ],
)
def test_each_mistake_is_found_with_its_mend(
    subject: str, records: list[str], level: Level, says: str
) -> None:
    finding = _found(_zone(**{subject: records}))[subject.replace("mx", "dns")]
    assert finding.level is level
    assert says in finding.found
    assert finding.mend or level is Level.OK


def test_a_key_in_test_mode_or_too_short_is_a_warning() -> None:
    testing = _zone(dkim=[_quoted(key().record + "; t=s:y")])
    assert _found(testing)["dkim"].level is Level.WARN
    short = DkimKey("s1", "rsa-sha256", 1024, "v=DKIM1; k=rsa; p=AAAA", lambda digest: b"")
    found = _found(_zone(dkim=['"v=DKIM1; p=AA" "AA"']), dkim=short)
    assert found["dkim"].level is Level.WARN
    assert "1024 bits" in found["dkim"].found


def test_a_subdomain_has_the_dmarc_record_of_the_domain_above() -> None:
    zone = _zone() | {("mail.news.test", "TXT"): [_SPF], ("mail.news.test", "MX"): ["1 a.test."]}
    assert _found(zone, "mail.news.test")["dmarc"].found == "p=none at _dmarc.news.test"


def test_a_host_without_mx_but_with_an_address_is_a_warning() -> None:
    zone = _zone(mx=[]) | {("news.test", "A"): ["192.0.2.1"]}
    assert _found(zone)["dns"].level is Level.WARN


def test_the_names_of_a_relay_lead_forward_and_back() -> None:
    zone: Zone = {
        ("relay.test", "A"): ["192.0.2.7"],
        ("7.2.0.192.in-addr.arpa", "PTR"): ["relay.test."],
        ("nameless.test", "A"): ["192.0.2.8"],
        ("liar.test", "A"): ["192.0.2.9"],
        ("9.2.0.192.in-addr.arpa", "PTR"): ["relay.test."],
    }
    with name_server(zone) as server:
        names = Names(server)
        levels = {
            host: found.level if (found := examine_relay(names, host)) else None
            for host in ("relay.test", "nameless.test", "liar.test", "unknown.test")
        }
    assert levels == {
        "relay.test": Level.OK,
        "nameless.test": Level.WARN,
        "liar.test": Level.WARN,
        "unknown.test": None,
    }


def test_a_resolver_that_says_nothing_is_told_from_a_name_that_is_not_there() -> None:
    with name_server({}, mute=True) as server, pytest.raises(NoResolver):
        Names(server, seconds=0.2).texts("news.test")
    with name_server({}) as server:
        assert Names(server).texts("news.test") == []


def test_a_resolver_is_an_address() -> None:
    with pytest.raises(InputError, match="is no resolver"):
        Names("resolver.test")
