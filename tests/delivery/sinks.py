"""A real SMTP server on loopback that keeps what it accepts: aiosmtpd in a thread."""

import asyncio
import ssl
from dataclasses import dataclass
from threading import Thread

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True)
class Mail:
    """One accepted message as it arrived, and by which session."""

    sender: str
    recipients: list[str]
    content: bytes
    options: list[str]
    session: int
    greeted_as: str
    encrypted: bool
    login: object


class SinkServer:
    """Accepts everything but what `answers` says otherwise for a recipient, at RCPT."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        smtputf8: bool = False,
        size: int = 1_000_000,
        methods_left_out: tuple[str, ...] = (),
    ) -> None:
        self.mails: list[Mail] = []
        self.answers: dict[str, str] = {}
        self.session_count = 0
        self.quit_count = 0
        self._loop = asyncio.new_event_loop()
        self._login = login

        def open_session() -> SMTP:
            self.session_count += 1
            return SMTP(
                self,
                data_size_limit=size,
                enable_SMTPUTF8=smtputf8,
                hostname="sink.test",
                tls_context=starttls,
                require_starttls=starttls is not None,
                auth_required=login is not None,
                auth_require_tls=starttls is not None,
                auth_exclude_mechanism=methods_left_out,
                authenticator=self._authenticate,
                loop=self._loop,
            )

        self._server = self._loop.run_until_complete(
            self._loop.create_server(open_session, "127.0.0.1", 0, ssl=tls)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()

    def stop(self) -> None:
        """Close every session and end the thread."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content
        assert content is not None
        self.mails.append(
            Mail(
                sender=envelope.mail_from or "",
                recipients=[*envelope.rcpt_tos],
                content=content,
                options=[*envelope.mail_options],
                session=self.session_count,
                greeted_as=session.host_name or "",
                encrypted=session.ssl is not None,
                login=session.auth_data,
            )
        )
        return f"250 2.0.0 Ok: queued as {len(self.mails)}"

    async def handle_QUIT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.quit_count += 1
        return "221 2.0.0 Bye"

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        given = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
        if given and given == self._login:
            return AuthResult(success=True, auth_data=given[0])
        return AuthResult(success=False, handled=False)
