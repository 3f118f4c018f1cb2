"""Who asks: only what our own proxies wrote into X-Forwarded-For counts."""

import pytest

from mailer.web.clients import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "hops", "wanted"),
    [
        pytest.param("192.0.2.9", ["198.51.100.1"], 0, "192.0.2.9", id="no proxy is trusted"),
        pytest.param("10.0.0.1", ["198.51.100.1"], 1, "198.51.100.1", id="one proxy"),
        pytest.param("10.0.0.1", ["1.1.1.1, 198.51.100.1"], 1, "198.51.100.1", id="a forged entry"),
        pytest.param("10.0.0.1", ["1.1.1.1", "198.51.100.1"], 1, "198.51.100.1", id="two headers"),
        pytest.param("10.0.0.1", ["9.9.9.9, 198.51.100.1, 10.0.0.2"], 2, "198.51.100.1", id="two"),
        pytest.param("192.0.2.9", ["1.1.1.1"], 2, "192.0.2.9", id="past the proxies"),
        pytest.param("192.0.2.9", [], 1, "192.0.2.9", id="no header"),
        pytest.param("10.0.0.1", ["unknown"], 1, "10.0.0.1", id="no address"),
        pytest.param("10.0.0.1", ["198.51.100.1:4711"], 1, "198.51.100.1", id="with a port"),
        pytest.param("10.0.0.1", ['"[2001:db8::1]:47"'], 1, "2001:db8::1", id="brackets"),
        pytest.param("::ffff:192.0.2.1", [], 0, "192.0.2.1", id="IPv4 in IPv6 is IPv4"),
        pytest.param("fe80::1%eth0", [], 0, "fe80::1", id="a zone is dropped"),
        pytest.param("", [], 0, "0.0.0.0", id="a peer without address"),
    ],
)
def test_the_client_is_who_the_trusted_proxies_say(
    peer: str, forwarded: list[str], hops: int, wanted: str
) -> None:
    assert client_address(peer, forwarded, hops) == wanted
