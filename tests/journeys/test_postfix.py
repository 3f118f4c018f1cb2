"""The SMTP backend against a real Postfix, which offers CHUNKING: whole windows under way."""

import time
from collections.abc import Iterator

import pytest

from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_servers import Server
from mailer.ports import Accepted, Deferred, Refused
from tests.delivery.messages import a_message
from tests.servers.postfix import Postfix
from tests.servers.smtp_sink import NoPostfix

_UNKNOWN = "reader3@example.test"
_BUSY = "reader21@example.test"
_PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    try:
        server = Postfix.start({_UNKNOWN: "550 5.1.1 nobody here", _BUSY: "450 4.2.0 later"})
    except NoPostfix as reason:
        pytest.skip(str(reason))
    yield server
    server.stop()


def test_windows_by_bdat_reach_the_mailbox_and_each_refusal_its_reader(postfix: Postfix) -> None:
    batch = [
        a_message(number, b"Subject: %d\r\n\r\n.\r\n..\r\nMAIL FROM:<x@y>\r\n" % number)
        for number in range(1, 101)
    ]
    backend = SmtpBackend([Server("127.0.0.1", postfix.port)])
    outcomes = dict(zip([one.recipient for one in batch], backend.send(batch), strict=True))
    backend.close()
    refused, deferred = outcomes.pop(_UNKNOWN), outcomes.pop(_BUSY)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.suppress) == (550, True)
    assert isinstance(deferred, Deferred)
    assert (deferred.code, deferred.counts) == (450, True)
    assert {type(outcome) for outcome in outcomes.values()} == {Accepted}
    given_up_at = time.monotonic() + _PATIENCE_SECONDS
    while len(postfix.inbox()) < 98 and time.monotonic() < given_up_at:
        time.sleep(0.05)
    inbox = postfix.inbox()
    assert len(inbox) == 98
    for message in batch:
        body = message.content.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n")
        subject = message.content.partition(b"\r\n")[0] + b"\n"
        found = [mail for mail in inbox if subject in mail]
        assert len(found) == (0 if message.recipient in (_UNKNOWN, _BUSY) else 1)
        assert all(mail.endswith(b"\n\n" + body) for mail in found)
    # Its own count: every message came by BDAT, and a window of refusals reset nothing else.
    assert "rcpt=98/100 bdat=98/100" in postfix.log()
    assert " data=" not in postfix.log()
