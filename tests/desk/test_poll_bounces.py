"""The mailbox of bounces, read over TLS; what was recorded is marked as read."""

import ssl
from datetime import datetime, timedelta

import pytest

from mailer.bounces.imap import read_imap_url
from mailer.core.bounces import BounceKind, SoftRule
from mailer.core.tokens import Signer
from mailer.errors import ServiceAway, SettingsError
from mailer.flows.desk import Desk
from mailer.flows.look_for_bounces import LookedForBounces, look_for_bounces
from mailer.flows.poll_bounces import poll_bounces
from mailer.flows.take_report import TakenReport
from mailer.render.mail import Renderer
from mailer.render.site import Site
from mailer.store.database import Database
from mailer.store.mailbox_looks import BOUNCES, CLAIM, claim_look, find_look
from tests.bounces import shapes
from tests.bounces.imap_server import ImapServer, imap_server
from tests.builders import NOON
from tests.delivery.certificates import Certificates, make_certificates

MAILS = {3: shapes.sendmail(), 9: shapes.away("Out of office", "Precedence: bulk")}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A throw-away authority."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def desk(database: Database) -> Desk:
    """A desk on an empty database."""
    signer, site = Signer(("test-secret",)), Site("Desk", "https://news.example", "1 Street")
    return Desk(database, Renderer(site, signer, max_mail_bytes=100_000), signer, site)


def poll(
    desk: Desk, server: ImapServer, certificates: Certificates, **url: str
) -> list[tuple[str, TakenReport]]:
    scheme, password = url.get("scheme", "imaps"), url.get("password", "right")
    folder = url.get("folder", "INBOX")
    context = ssl.create_default_context(cafile=certificates.authority)
    address = f"{scheme}://b%40news:{password}@127.0.0.1:{server.port}/{folder}"
    found = poll_bounces(desk, address, rule=SoftRule(), clock=lambda: NOON, context=context)
    return list(found)


@pytest.mark.parametrize("scheme", ["imaps", "imap+starttls"])
def test_unread_bounces_are_recorded_once_and_marked(
    desk: Desk, certificates: Certificates, scheme: str
) -> None:
    with imap_server(MAILS, certificates.context(), tls=scheme == "imaps") as server:
        found = poll(desk, server, certificates, scheme=scheme)
        assert [report.kind for _, report in found] == [BounceKind.HARD, BounceKind.AUTO_REPLY]
        assert found[0][0] == "INBOX at 127.0.0.1, message 3"
        assert server.seen == {3, 9}
        assert poll(desk, server, certificates, scheme=scheme) == []
        # Somebody marked them unread: they are known.
        server.seen.clear()
        again = poll(desk, server, certificates, scheme=scheme)
        assert [report.is_new for _, report in again] == [False, False]
        assert not any("right" in said for said in server.said if said.startswith("STARTTLS"))


def test_what_is_not_recorded_stays_unread(desk: Desk, certificates: Certificates) -> None:
    with imap_server(MAILS, certificates.context()) as server:
        context = ssl.create_default_context(cafile=certificates.authority)
        url = f"imaps://b:right@127.0.0.1:{server.port}"
        reading = poll_bounces(desk, url, rule=SoftRule(), clock=lambda: NOON, context=context)
        assert next(reading)[1].kind is BounceKind.HARD
        reading.close()  # type: ignore[attr-defined]
        assert server.seen == {3}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ({"password": "wrong"}, "cannot be read: .*wrong"),
        ({"folder": "Trash"}, "no folder 'Trash'"),
    ],
)
def test_a_mailbox_that_is_closed_is_a_service_away(
    desk: Desk, certificates: Certificates, url: dict[str, str], why: str
) -> None:
    with (
        imap_server(MAILS, certificates.context()) as server,
        pytest.raises(ServiceAway, match=why),
    ):
        poll(desk, server, certificates, **url)


def test_a_certificate_nobody_vouches_for_is_refused_before_the_password(
    desk: Desk, certificates: Certificates
) -> None:
    with imap_server(MAILS, certificates.context()) as server:
        url = f"imaps://b:right@127.0.0.1:{server.port}"
        with pytest.raises(ServiceAway, match="CERTIFICATE_VERIFY_FAILED"):
            list(poll_bounces(desk, url, rule=SoftRule(), clock=lambda: NOON))
        assert server.said == []


@pytest.mark.parametrize(
    "url", ["imap://u:p@host", "imaps://host", "imaps://u:p@", "imaps://u:p@host:x", "pop3://u@h"]
)
def test_a_mailbox_that_cannot_be_meant_is_told_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="MAILER_BOUNCE_IMAP_URL cannot be read: write imaps"):
        read_imap_url(url)


def test_a_url_has_its_defaults() -> None:
    mailbox = read_imap_url("imaps://b%40news.example:p%3Aw@mail.example")
    assert (mailbox.port, mailbox.folder) == (993, "INBOX")
    assert (mailbox.username, mailbox.password) == ("b@news.example", "p:w")
    assert read_imap_url("imap+starttls://u:p@h/Bounces").port == 143


def look(
    desk: Desk,
    server: ImapServer,
    certificates: Certificates,
    at: datetime,
    password: str = "right",
) -> LookedForBounces | None:
    return look_for_bounces(
        desk,
        f"imaps://b%40news:{password}@127.0.0.1:{server.port}/INBOX",
        every=timedelta(minutes=5),
        rule=SoftRule(),
        clock=lambda: at,
        context=ssl.create_default_context(cafile=certificates.authority),
    )


def test_the_clock_looks_once_each_time_whoever_asks(
    desk: Desk, certificates: Certificates
) -> None:
    with imap_server(MAILS, certificates.context(), tls=True) as server:
        assert look(desk, server, certificates, NOON) == LookedForBounces(2, "")
        assert look(desk, server, certificates, NOON + timedelta(minutes=4)) is None
        assert look(desk, server, certificates, NOON + timedelta(minutes=5)) == LookedForBounces(
            0, ""
        )
    with desk.database.write() as connection:
        due = NOON + timedelta(minutes=10)
        assert claim_look(connection, BOUNCES, due)
        assert not claim_look(connection, BOUNCES, due), "one process at a time"
        assert claim_look(connection, BOUNCES, due + CLAIM), "unless it died"


def test_a_mailbox_that_cannot_be_read_is_told_and_asked_less_often(
    desk: Desk, certificates: Certificates
) -> None:
    at, found = NOON, None
    waits = []
    with imap_server(MAILS, certificates.context(), tls=True) as server:
        for _ in range(3):
            looked = look(desk, server, certificates, at, password="wrong")
            assert looked is not None
            assert "cannot be read" in looked.error
            with desk.database.read() as connection:
                found = find_look(connection, BOUNCES)
            assert found is not None
            waits.append(found.due_at - at)
            at = found.due_at
        assert found is not None
        assert waits == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]
        assert (found.failure_count, found.succeeded_at) == (3, None)
        assert look(desk, server, certificates, at) == LookedForBounces(2, "")
    with desk.database.read() as connection:
        mended = find_look(connection, BOUNCES)
    assert mended is not None
    assert (mended.failure_count, mended.last_error, mended.message_count) == (0, "", 2)


def test_without_a_mailbox_or_with_no_time_for_it_nobody_looks(desk: Desk) -> None:
    for url, every in (("", 5), ("imaps://u:p@127.0.0.1:1/INBOX", 0)):
        looked = look_for_bounces(
            desk, url, every=timedelta(minutes=every), rule=SoftRule(), clock=lambda: NOON
        )
        assert looked is None
