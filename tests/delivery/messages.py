"""Messages to send: plain ones in numbers, and hostile ones."""

from mailer.ports import Message

PLAIN = b"From: news@news.test\r\nSubject: Hello\r\n\r\nOne line.\r\n"

HOSTILE = {
    "lone dots": b"Subject: x\r\n\r\n.\r\n..\r\n...\r\n.\r\n",
    "starts with a dot": b".Subject: x\r\n\r\nx\r\n",
    "an SMTP dialogue inside": b"Subject: x\r\n\r\n\r\n.\r\nMAIL FROM:<a@b.test>\r\nDATA\r\n",
    "escape sequences": b"Subject: \x1b]0;owned\x07\r\n\r\n\x1b[2J\x1b[31mred\x9b0m\r\n",
    "octets of no charset": b"Subject: \xff\xfe\r\n\r\n\x80\xfe\xff\r\n",
    "broken encoded words": b"Subject: =?utf-8?b?###?= =?nope?q?=ZZ?= =?utf-8?q?=FF?=\r\n\r\nx\r\n",
    "headers only": b"Subject: x\r\n\r\n",
    "a body only": b"\r\nno header at all\r\n",
    "empty lines": b"\r\n\r\n\r\n",
    "multipart without end": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n",
    "multipart without a boundary": b"Content-Type: multipart/alternative\r\n\r\nx\r\n",
    "odd charsets": b"Content-Type: text/html; charset=no-such\r\n\r\n<p>x</p>\r\n",
    "broken base64": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n=A\r\n",
    "long lines": b"Subject: x\r\n\r\n" + b"a" * 990 + b"\r\n",
}

SMUGGLED = {
    "bare LF around a dot": b"Subject: x\r\n\r\nx\n.\nMAIL FROM:<a@b.test>\r\n",
    "bare CR around a dot": b"Subject: x\r\n\r\nx\r.\rMAIL FROM:<a@b.test>\r\n",
    "LF, dot, CRLF": b"Subject: x\r\n\r\nx\n.\r\nMAIL FROM:<a@b.test>\r\n",
    "CRLF, dot, CR": b"Subject: x\r\n\r\nx\r\n.\rMAIL FROM:<a@b.test>\r\n",
    "LF throughout": b"Subject: x\n\nx\n",
    "CR before CRLF": b"Subject: x\r\n\r\nx\r\r\n",
}


def a_message(
    number: int = 1,
    content: bytes = PLAIN,
    *,
    sender: str = "b+1@bounces.news.test",
    recipient: str = "",
    needs_smtputf8: bool = False,
) -> Message:
    """Give a message whose address and Message-ID carry its number."""
    message_id = f"<d{number}.key@news.test>"
    return Message(
        delivery_id=number,
        sender=sender,
        recipient=recipient or f"reader{number}@example.test",
        message_id=message_id,
        content=f"Message-ID: {message_id}\r\n".encode() + content if content is PLAIN else content,
        needs_smtputf8=needs_smtputf8,
    )


def messages(count: int) -> list[Message]:
    """Give that many different messages."""
    return [a_message(number) for number in range(1, count + 1)]
