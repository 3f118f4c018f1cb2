"""A look at an SMTP server without sending mail: the session that sending uses, and one MAIL."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

from mailer.core.findings import Finding, fail, ok, warn
from mailer.core.hygiene import clean_header
from mailer.delivery.smtp_conversation import SessionLost
from mailer.delivery.smtp_replies import Phase
from mailer.delivery.smtp_servers import Security, Server, read_server
from mailer.delivery.smtp_session import Session, SessionRefused
from mailer.delivery.smtp_timeouts import Timeouts
from mailer.errors import BackendError
from mailer.ports import Misconfigured

_SECONDS = timedelta(seconds=10)
_SOON = timedelta(days=14)
_FEATURES = ("chunking", "pipelining", "8bitmime", "smtputf8", "size", "dsn", "starttls", "auth")


def probe_smtp(
    url: str,
    sender: str,
    *,
    now: Callable[[], datetime],
    password_command: str = "",
    patience: timedelta = _SECONDS,
) -> Iterator[Finding]:
    """Look at one server of `MAILER_SMTP_URL`; `sender` is named to it, then taken back."""
    try:
        server = read_server(url, password_command)
    except BackendError as error:
        yield fail("smtp", str(error), "set MAILER_SMTP_URL as it says")
        return
    timeouts = Timeouts(**dict.fromkeys(Timeouts.__dataclass_fields__, patience))
    session = Session(server, "", timeouts, ssl.create_default_context)
    subject = f"smtp {server}"
    try:
        session.open()
    except SessionRefused as refused:
        yield _refused(session, server, refused)
        return
    except SessionLost as lost:
        yield fail(subject, str(lost), _mend_of_loss(session, server, lost), away=True)
        return
    offered = [name.upper() for name in _FEATURES if session.has_extn(name)]
    yield ok(subject, f"answers, offers {', '.join(offered) or 'nothing beyond plain SMTP'}")
    yield from _protection(session, server, now())
    if server.user:
        yield ok(subject, f"login as '{clean_header(server.user, 60)}' works")
    try:
        if sender:
            yield _named(session, server, sender)
        session.leave()
    except SessionLost as lost:
        yield fail(subject, str(lost), "look at the server's log", away=True)
    finally:
        session.close()


def _refused(session: Session, server: Server, refused: SessionRefused) -> Finding:
    mend = "look at the server's log"
    if session.phase is Phase.AUTH:
        mend = "check user and password; percent-encode '@', ':' and '/' in them"
    elif session.phase is Phase.GREETING and server.port in (465, 587):
        mend = "use smtps:// for port 465 and smtp+starttls:// for 587"
    elif session.phase is Phase.EHLO and server.security is Security.STARTTLS:
        mend = "use smtps:// if its port begins with TLS; without TLS nothing is sent"
    outcome = refused.outcome
    words = f"{outcome.code} {outcome.reply}" if outcome.code else outcome.reply
    away = not isinstance(outcome, Misconfigured)
    return fail(f"smtp {server}", f"{session.phase.label}: {words}", mend, away=away)


def _mend_of_loss(session: Session, server: Server, lost: SessionLost) -> str:
    if server.port == 465 and server.security is not Security.TLS:
        return "port 465 begins with TLS: use smtps://"
    if server.port == 25 and lost.timed_out:
        return "many networks block port 25: use your provider's submission port, 587 or 465"
    return "check host, port and firewall in MAILER_SMTP_URL"


def _protection(session: Session, server: Server, now: datetime) -> Iterator[Finding]:
    subject = f"smtp {server}"
    if not isinstance(session.sock, ssl.SSLSocket):
        if not _is_loopback(server.host):
            offers = " although it offers TLS" if session.has_extn("starttls") else ""
            yield warn(
                subject,
                f"mail travels to it in clear{offers}: Gmail and Yahoo ask for TLS",
                "use smtp+starttls:// or smtps://",
            )
        return
    ends = str((session.sock.getpeercert() or {}).get("notAfter", ""))
    yield ok(subject, f"{session.sock.version()}, its certificate is trusted until {ends}")
    if ends and _end_of(ends) - now < _SOON:
        yield warn(subject, f"its certificate ends on {ends}", "have it renewed before")


def _end_of(text: str) -> datetime:
    """Read `Jan  5 09:34:43 2027 GMT`, as the TLS library writes it."""
    month, day, clock, year, _ = text.split()
    return parsedate_to_datetime(f"{day} {month} {year} {clock} +0000").astimezone(UTC)


def _named(session: Session, server: Server, sender: str) -> Finding:
    subject = f"smtp {server}"
    shown = clean_header(sender, 80)
    reply = session.ask(Phase.MAIL, f"MAIL FROM:<{sender}>")
    if not reply.refuses:
        session.ask(Phase.RSET, "RSET")
        return ok(subject, f"takes mail from '{shown}' (nothing was sent)")
    mend = "verify this sender or its domain with your provider"
    if not server.user:
        mend = "it may want a login: smtp+starttls://user:password@host:587"
    return fail(subject, f"takes no mail from '{shown}': {reply.code} {reply.text}", mend)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
