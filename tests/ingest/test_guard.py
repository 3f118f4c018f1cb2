"""Which addresses are public, and that TLS asks for the name and not the address."""

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailer.errors import ServiceAway
from mailer.ingest.fetch import fetch
from mailer.ingest.guard import is_allowed, tls_context
from tests.ingest.web_servers import raw_server

PUBLIC = ["8.8.8.8", "93.184.215.14", "223.255.255.1", "2606:4700::1111", "2a00:1450:4001::1"]
REFUSED = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.9.9.9",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
    "::ffff:8.8.8.8", "::ffff:127.0.0.1", "64:ff9b::808:808", "64:ff9b::a00:1", "64:ff9b:1::1",
    "100::1", "2001::1", "2001:20::1", "2001:db8::1", "2002:a00:1::1", "2002:808:808::1",
    "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1",
    "ff0e::1", "4000::1", "localhost", "8.8.8", "8.8.8.8.8",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(address)


@pytest.mark.parametrize("address", REFUSED)
def test_any_other_address_is_refused(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", REFUSED)
def test_only_loopback_becomes_allowed_for_tests(address: str) -> None:
    allowed = is_allowed(address, allow_loopback=True)
    assert allowed == (address.startswith("127.") or address == "::1")


def certificate(folder: Path, *names: str) -> tuple[Path, Path]:
    """Write a certificate for host names, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


@pytest.fixture
def _trust_read_anew() -> Iterator[None]:
    """Whom we trust is read once a process: here, and after us, anew."""
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


@pytest.mark.usefixtures("_trust_read_anew")
@pytest.mark.parametrize(
    ("name", "trusted", "answered"),
    [
        pytest.param("localhost", True, True, id="the right name"),
        pytest.param("other.example", True, False, id="a certificate for another name"),
        pytest.param("localhost", False, False, id="a certificate nobody trusts"),
    ],
)
def test_tls_checks_the_name_that_was_asked_for(
    name: str, trusted: bool, answered: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate_file, key_file = certificate(tmp_path, name)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate_file, key_file)
    asked: list[str | None] = []
    server.sni_callback = lambda _socket, asked_name, _context: asked.append(asked_name)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate_file))

    def talk(connection: object) -> None:
        with server.wrap_socket(connection, server_side=True) as secured:  # type: ignore[arg-type]
            secured.recv(10_000)
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    with raw_server(talk) as port:
        url = f"https://localhost:{port}/"
        if answered:
            assert fetch(url, allow_loopback=True).content == b"hi"
        else:
            with pytest.raises(ServiceAway, match="certificate"):
                fetch(url, allow_loopback=True)
    assert asked == ["localhost"]


def test_the_addresses_of_a_test_are_addresses() -> None:
    for address in PUBLIC:
        assert str(ipaddress.ip_address(address)) == address
