"""The SMTP backend: one transaction after another over a connection that stays open.

What a reply means stands in `smtp_replies`, how a server is talked to in `smtp_session`; here is
what an outcome costs the connection and the messages behind it.
"""

import re
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from threading import RLock

from mailer.core.hygiene import clean_header
from mailer.delivery.smtp_conversation import SessionLost, Timeouts
from mailer.delivery.smtp_replies import Phase, judge
from mailer.delivery.smtp_servers import Server, read_server
from mailer.delivery.smtp_session import Session, SessionRefused
from mailer.delivery.wire import bare_line_end, unfit_path
from mailer.errors import BackendError
from mailer.ports import (
    Accepted,
    Backend,
    BackendOptions,
    Deferred,
    InDoubt,
    Message,
    Misconfigured,
    Outcome,
    Refused,
)

_MOST_MESSAGES = 100  # Receivers close long connections; Yahoo asks for 20, relays take hundreds.
_LONGEST_SECONDS = 300.0
_MOST_LOST = 2
_RFC_TIMEOUTS = Timeouts()


class SmtpBackend:
    """Sends over SMTP, one recipient a message, to the first of `servers` that can be reached.

    A connection that dies before a body leaves is replaced once a message, and the message tried
    again; two messages in a row that still lose theirs, or a server that cannot be entered, end
    the trying: what is left of the call gets that outcome untried. A call may take as long as
    `timeouts` allow for each message. Threads may share a backend; they take turns.

    A code of 0 in an outcome means that no server said it.
    """

    name = "smtp"

    def __init__(
        self,
        servers: Sequence[Server],
        *,
        helo_name: str = "",
        timeouts: Timeouts = _RFC_TIMEOUTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not servers:
            raise BackendError(
                "the smtp backend needs a server: set MAILER_SMTP_URL to smtp://host:25, "
                "smtp+starttls://user:password@host:587 or smtps://user:password@host:465"
            )
        if not re.fullmatch(r"[A-Za-z0-9.:_\[\]-]{0,255}", helo_name):
            raise BackendError(
                f"'{clean_header(helo_name, 60)}' cannot stand in EHLO: "
                "use this machine's full host name in ASCII"
            )
        self._servers = tuple(servers)
        self._helo_name = helo_name
        self._timeouts = timeouts
        self._clock = clock
        self._session: Session | None = None
        self._opened_at = 0.0
        self._context: ssl.SSLContext | None = None
        self._turn = RLock()

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """Send in order. Between two outcomes no transaction is open, so a caller may stop."""
        standing: Outcome | None = None
        lost_count = 0
        for message in messages:
            if standing is not None:
                yield standing
                continue
            try:
                with self._turn:
                    outcome = _unfit(message) or self._deliver(message)
                lost_count = lost_count + 1 if isinstance(outcome, InDoubt) else 0
            except SessionRefused as refused:
                outcome = standing = refused.outcome
            except SessionLost as lost:
                outcome = Deferred(lost.code, str(lost), counts=False)
                lost_count += 1
            if lost_count >= _MOST_LOST and not standing:
                reason = outcome.reply
                standing = Deferred(0, f"not tried: {lost_count} were lost: {reason}", counts=False)
            yield outcome

    def close(self) -> None:
        """Say QUIT and close the connection, after the message on its way; may be called twice."""
        with self._turn:
            session, self._session = self._session, None
            if session is not None:
                session.leave()

    def _deliver(self, message: Message) -> Outcome:
        """Send one message, on a second connection when the first dies before its body.

        Raises SessionRefused, and SessionLost when the message surely was not taken.
        """
        try:
            return self._try(message)
        except SessionLost as lost:
            if lost.timed_out:
                raise
        return self._try(message)

    def _try(self, message: Message) -> Outcome:
        session = self._ready()
        try:
            outcome = self._transact(session, message)
        except SessionRefused:
            session.must_reset = True
            raise
        except BaseException:
            # Whatever stopped us, a signal included: nothing may follow on half a transaction.
            self._drop()
            raise
        session.must_reset = not isinstance(outcome, Accepted)
        if session.sock is None:
            self._drop()
        return outcome

    def _transact(self, session: Session, message: Message) -> Outcome:
        """Run one transaction in lock-step.

        Raises SessionLost before the body, SessionRefused when nobody's mail would be taken.
        """
        refused = session.cannot_carry(message)
        if refused is not None:
            return refused
        if session.must_reset:
            session.reset()
        session.carried_count += 1
        for phase, command in (
            (Phase.MAIL, session.mail_command(message)),
            (Phase.RCPT, f"RCPT TO:<{message.recipient}>"),
            (Phase.DATA, "DATA"),
        ):
            outcome = judge(phase, session.ask(phase, command))
            if phase is Phase.MAIL and isinstance(outcome, Misconfigured):
                raise SessionRefused(outcome)
            if outcome is not None:
                return outcome
        session.require_silence()
        try:
            reply = session.hand_over(message.content)
        except SessionLost as lost:
            return InDoubt(str(lost))
        return judge(Phase.BODY, reply) or InDoubt(reply.text)

    def _ready(self) -> Session:
        """Give an open session, a new one when the old has carried or lived enough."""
        if self._session is not None and (
            self._session.carried_count >= _MOST_MESSAGES
            or self._clock() - self._opened_at >= _LONGEST_SECONDS
        ):
            self.close()
        if self._session is None:
            self._session = self._open()
            self._opened_at = self._clock()
        return self._session

    def _open(self) -> Session:
        """Enter the first server that lets us in.

        A server that refuses us for good ends the search: a wrong password must not hide behind
        a second server that works.
        """
        refusals: list[SessionRefused] = []
        for server in self._servers:
            session = Session(server, self._helo_name, self._timeouts, self._tls_context)
            try:
                session.open()
            except SessionLost as lost:
                outcome = Deferred(lost.code, str(lost), counts=False)
                refusals.append(SessionRefused(outcome))
            except SessionRefused as refused:
                if isinstance(refused.outcome, Misconfigured):
                    raise
                refusals.append(refused)
            else:
                return session
        raise refusals[0]

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _tls_context(self) -> ssl.SSLContext:
        """Make the verifying context when it is first needed: it reads the system's authorities."""
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context


def _unfit(message: Message) -> Outcome | None:
    """Say why no server may be shown this message; None when it may be sent."""
    problem = unfit_path(message.sender)
    if problem:
        return Misconfigured(0, f"sender: {problem}")
    problem = unfit_path(message.recipient) if message.recipient else "no recipient"
    problem = problem or bare_line_end(message.content)
    return Refused(0, problem) if problem else None


def open_smtp(options: BackendOptions) -> Backend:
    """Build the SMTP backend on `options.smtp_urls`; connects when the first message comes."""
    servers = [read_server(url) for url in options.smtp_urls]
    return SmtpBackend(servers, helo_name=options.helo_name)
