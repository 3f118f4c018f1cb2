"""Private hosts that webhooks may reach: named ones alone, and never where secrets are told."""

import pytest

from mailer.core.private_hosts import NONE, read_private_hosts
from mailer.errors import InputError

HOSTS = read_private_hosts("Hooks.Internal., 10.1.0.0/16 fd12::/64")


@pytest.mark.parametrize(
    ("host", "address", "allowed"),
    [
        ("hooks.internal", "10.200.0.1", True),
        ("HOOKS.INTERNAL.", "192.168.1.9", True),
        ("hooks.internal", "fc00::1", True),
        ("evil.example", "10.200.0.1", False),
        ("evil.example", "10.1.2.3", True),
        ("evil.example", "fd12::5", True),
        ("evil.example", "fd13::5", False),
        ("sub.hooks.internal", "10.200.0.1", False),
        # Where a name that was taken over might lead.
        ("hooks.internal", "127.0.0.1", False),
        ("hooks.internal", "::1", False),
        ("hooks.internal", "169.254.169.254", False),
        ("hooks.internal", "fe80::1%eth0", False),
        ("hooks.internal", "fd00:ec2::254", False),
        ("hooks.internal", "100.100.100.200", False),
        ("hooks.internal", "0.0.0.0", False),
        ("hooks.internal", "::ffff:10.1.2.3", False),
        ("hooks.internal", "224.0.0.1", False),
        ("hooks.internal", "nonsense", False),
    ],
)
def test_only_what_is_named_is_reached(host: str, address: str, allowed: bool) -> None:
    assert HOSTS.have(host, address) is allowed
    assert not NONE.have(host, address)


@pytest.mark.parametrize(
    "wrong",
    [
        "http://x.internal",
        "x.internal:8443",
        "10.1.0.1/16",
        "999.1.1.1",
        "8.8.8.0/24",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "::/0",
        "0.0.0.0/0",
        "a/b",
        "-x",
    ],
)
def test_what_is_no_private_host_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match=r"is no host|no private network"):
        read_private_hosts(wrong)
