"""What throttles speak of: rates as operators write them, and what a 4xx is about."""

import pytest

from mailer.core.throttles import Verdict, domain_of, judge_deferral, read_domain_rates
from mailer.errors import InputError


def test_rates_are_read_as_they_are_written() -> None:
    assert read_domain_rates("") == ()
    assert read_domain_rates(" Example.org = 5 , example.net=0.5,") == (
        ("example.org", 5.0),
        ("example.net", 0.5),
    )


@pytest.mark.parametrize(
    "text",
    [
        *("example.org", "example.org=fast", "example.org=0", "example.org=-1", "=5", "x=5"),
        *("example.org=nan", "example.org=inf", "a@example.org=5"),
    ],
)
def test_a_rate_that_is_none_says_how_to_write_it(text: str) -> None:
    with pytest.raises(InputError, match=r"example\.org=5"):
        read_domain_rates(text)


@pytest.mark.parametrize(
    ("code", "reply", "verdict"),
    [
        (429, "429 too many", Verdict.SILENT),
        (503, "try later", Verdict.SILENT),
        (451, "4.7.1 greylisted", Verdict.SLOW),
        (451, "450 4.7.0 unusual rate of mail", Verdict.SLOW),
        (451, "4.4.5 busy", Verdict.SLOW),
        (451, "try later", Verdict.SLOW),
        (451, "4.2.2 mailbox full", Verdict.SILENT),
        (451, "452-4.2.2 The recipient's inbox is out of space", Verdict.SILENT),
        (451, "4.1.1 try later", Verdict.SILENT),
        (451, "4.20.1 odd", Verdict.SLOW),
    ],
)
def test_a_full_mailbox_is_not_its_domains_fault(code: int, reply: str, verdict: Verdict) -> None:
    assert judge_deferral(code, reply) is verdict


def test_the_domain_of_an_address_is_after_its_last_at() -> None:
    assert domain_of('"a@b"@Example.ORG') == "example.org"
