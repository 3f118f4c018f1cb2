"""`mailer domains list` and `mailer relays list`."""

from collections.abc import Iterator

import pytest

from mailer.bootstrap import Installation, open_installation
from mailer.core.throttles import Feedback, RelayVerdict, Verdict
from mailer.settings import read_settings
from tests.cli.conftest import Mailer


@pytest.fixture
def room(mailer: Mailer, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> Iterator[Installation]:
    """An installation whose workers share a Redis with the command line."""
    monkeypatch.setenv("MAILER_BROKER_URL", redis_url)
    opened = open_installation(read_settings())
    yield opened
    opened.close()


def test_all_is_well_until_somebody_asks_us_to_slow_down(mailer: Mailer) -> None:
    assert "no domain waits" in mailer("domains", "list").out
    assert "every relay works" in mailer("relays", "list").out
    assert "each process throttles by itself" in mailer("domains", "list").err
    assert mailer("domains", "list", "--json").json == []


def test_what_workers_met_is_shown_by_any_process(mailer: Mailer, room: Installation) -> None:
    throttle, now = room.desk.throttle, room.clock()
    for _ in range(20):
        permit = throttle.ask("smtp", ["slow.test"], now=now)
        slow = Feedback("slow.test", Verdict.SLOW, "4.7.0 too\x1b[2Jfast")
        throttle.tell("smtp", permit, [slow], RelayVerdict.WORKS, now=now)
    throttle.tell("smtp", permit, [], RelayVerdict.FAILED, now=now)

    (domain,) = mailer("domains", "list", "--json").json
    assert (domain["domain"], domain["state"], domain["limit"]) == ("slow.test", "resting", 1)
    assert domain["resting_until_at"] > now.isoformat()
    assert domain["reply"] == "4.7.0 too[2Jfast"
    (relay,) = mailer("relays", "list", "--json").json
    assert (relay["relay"], relay["state"], relay["failures"]) == ("smtp", "closed", 1)
    shown = mailer("domains", "list")
    assert "slow.test" in shown.out
    assert shown.err == ""
    assert "smtp" in mailer("relays", "list").out


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("RATE", "-1", "MAILER_RATE"),
        ("DOMAIN_RATES", "example.org", "MAILER_DOMAIN_RATES"),
        ("DOMAIN_CONCURRENCY", "0", "MAILER_DOMAIN_CONCURRENCY"),
        ("ALLOW_RECIPIENTS", "example.org", "MAILER_ALLOW_RECIPIENTS"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"MAILER_{name}", value)
    refused = mailer("runs", "list")
    assert refused.code == 2
    assert says in refused.err
