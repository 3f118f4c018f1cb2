"""What a message must be like to travel unchanged, whoever carries it (S4).

Bare CR or LF is how mail is smuggled past a server that reads line ends differently
(CVE-2024-27305). We send none: RFC 5321 section 2.3.8.
"""

import re

from mailer.core.hygiene import clean_header
from mailer.ports import Message, Misconfigured, Outcome, Refused

_LONGEST_PATH = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets.
_NOT_IN_A_PATH = re.compile("[\x00-\x20<>\x7f-\xa0\u2028\u2029\ud800-\udfff]")


def unfit(message: Message) -> Outcome | None:
    """Say why no server may be shown this message; None when it may be sent."""
    problem = unfit_path(message.sender)
    if problem:
        return Misconfigured(0, f"sender: {problem}")
    problem = unfit_path(message.recipient) if message.recipient else "no recipient"
    problem = problem or bare_line_end(message.content)
    return Refused(0, problem) if problem else None


def bare_line_end(content: bytes) -> str | None:
    """Say what is wrong with the line ends of a message; None when all are CRLF."""
    pairs = content.count(b"\r\n")
    if content.count(b"\n") == pairs == content.count(b"\r"):
        return None
    return "the message has a CR or LF of its own: lines must end in CRLF"


def dot_stuffed(content: bytes) -> bytes:
    """Give the bytes that follow a 354: RFC 5321 section 4.5.2, final dot and all.

    The content's line ends are CRLF. A last line without one gets it: the final dot needs it.
    """
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    if stuffed and not stuffed.endswith(b"\r\n"):
        stuffed += b"\r\n"
    return stuffed + b".\r\n"


def unfit_path(address: str) -> str | None:
    """Say why an address must not stand between the angle brackets of a command; None when it may.

    The second line of defence: `core.addresses` has read it before.
    """
    if len(address.encode("utf-8", "surrogatepass")) > _LONGEST_PATH:
        return f"address longer than {_LONGEST_PATH} octets: '{clean_header(address, 40)}'"
    if _NOT_IN_A_PATH.search(address):
        return f"address with a space, bracket or control character: '{clean_header(address, 80)}'"
    return None
