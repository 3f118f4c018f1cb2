"""Rules for a whole message: legal lines, the headers that mail services ask for, its parts.

Sources: RFC 5322 (form), 2045 and 2047 (encoding), 2369, 2919 and 8058 (lists), 3834 (automatic
mail), and what Gmail, Yahoo and Microsoft ask of bulk senders since 2024.
"""

import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime

from mailer.render.lint.findings import Finding, Level
from mailer.render.lint.raw_messages import RawMessage

_LONGEST, _GOOD = 998, 78
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=")
_ONCE = (
    "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "Sender", "List-Unsubscribe",
    "List-Unsubscribe-Post", "List-Id", "Feedback-ID", "MIME-Version", "Content-Type",
)  # fmt: skip
_NEEDED = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version")


def check_message(message: RawMessage) -> Iterator[Finding]:
    """Yield what is wrong with the lines, the headers and the parts."""
    yield from _check_lines(message)
    yield from _check_counts(message)
    yield from _check_words(message)
    yield from _check_forms(message)
    if message.is_bulk:
        yield from _check_list(message)
        yield from _check_one_click(message)
    elif not message.values("Auto-Submitted"):
        yield Finding(
            "header/auto-submitted",
            Level.NOTE,
            "nothing says that a program wrote this: vacation notes may come back",
            "add Auto-Submitted: auto-generated (RFC 3834)",
        )
    yield from _check_signature(message)
    yield from _check_parts(message)


def _error(rule: str, message: str, mend: str, line: int = 0) -> Finding:
    return Finding(f"header/{rule}", Level.ERROR, message, mend, line)


def _warning(rule: str, message: str, mend: str, line: int = 0) -> Finding:
    return Finding(f"header/{rule}", Level.WARN, message, mend, line)


def _check_lines(message: RawMessage) -> Iterator[Finding]:
    content = message.content
    if b"\r\n" in content and re.search(rb"(?<!\r)\n", content):
        yield _error("line-ends", "some lines end in LF alone", "end every line in CRLF")
    if b"\r" in content.replace(b"\r\n", b""):
        yield _error("line-ends", "a CR stands alone", "end every line in CRLF")
    if b"\x00" in content:
        yield _error("nul", "a NUL stands in the message", "take it out: servers refuse it")
    in_head = True
    for number, whole in enumerate(content.split(b"\n"), start=1):
        line = whole.rstrip(b"\r")
        if not line:
            in_head = False
        if len(line) > _LONGEST:
            yield _error(
                "line-long",
                f"a line has {len(line)} bytes: {_LONGEST} are allowed (RFC 5322)",
                "fold the header, or use quoted-printable",
                number,
            )
        elif in_head and len(line) > _GOOD and b" " in line.partition(b": ")[2].strip():
            yield Finding(
                "header/line-good",
                Level.NOTE,
                f"a header line has {len(line)} bytes",
                f"fold it at {_GOOD}",
                number,
            )
        if in_head and not line.isascii():
            yield _warning(
                "ascii",
                "a header line has letters outside ASCII: servers without SMTPUTF8 refuse it",
                "encode them (RFC 2047), and hosts as xn--…",
                number,
            )


def _check_counts(message: RawMessage) -> Iterator[Finding]:
    for name in _NEEDED:
        if not message.values(name):
            yield _error("missing", f"there is no {name}", f"add one {name} field")
    for name in _ONCE:
        if len(found := message.values(name)) > 1:
            yield _error("twice", f"{name} stands {len(found)} times", "keep one", found[1][1])
    for value, line in message.values("Bcc"):
        yield _error("bcc", f"Bcc names {value[:40]} to everybody", "take the field out", line)


def _check_words(message: RawMessage) -> Iterator[Finding]:
    for name, value, line in message.fields:
        if name != name.strip() or not re.fullmatch(r"[!-9;-~]+", name.strip()):
            yield _error("name", f"'{name}' is no field name", "write Name: value", line)
        for word in _ENCODED_WORD.findall(value):
            if len(word) > 75:
                yield _error(
                    "encoded-word",
                    f"an encoded word in {name} has {len(word)} characters: 75 are allowed",
                    "split it at whole characters (RFC 2047)",
                    line,
                )
    for value, line in message.values("Subject"):
        try:
            said = str(make_header(decode_header(value)))
        except (LookupError, ValueError):
            yield _error("subject", "the subject cannot be decoded", "encode it as UTF-8", line)
            continue
        if not said.strip():
            yield _error("subject", "the subject is empty", "write one", line)
        elif len(said) > 200:
            yield _warning("subject", f"the subject has {len(said)} characters", "shorten it", line)


def _check_forms(message: RawMessage) -> Iterator[Finding]:
    for value, line in message.values("Date"):
        try:
            parsedate_to_datetime(value)
        except ValueError:
            yield _error("date", f"'{value}' is no date of RFC 5322", "write it anew", line)
    for value, line in message.values("Message-ID"):
        if not re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", value):
            yield _error("message-id", f"'{value}' is no Message-ID", "write <left@host>", line)
    for value, line in message.values("From"):
        if "@" not in value:
            yield _error("from", f"From '{value[:40]}' has no address", "add it in <>", line)


def _check_list(message: RawMessage) -> Iterator[Finding]:
    if not message.values("List-Id"):
        yield _warning("list-id", "mail to a list has no List-Id", "add one (RFC 2919)")
    for value, line in message.values("List-Id"):
        if not re.search(r"<[^<>\s@]+\.[^<>\s@]+>\s*$", value):
            yield _error("list-id", f"'{value[:60]}' is no List-Id", "write Name <list.host>", line)
    leaving = message.values("List-Unsubscribe")
    if not leaving:
        yield _error(
            "list-unsubscribe",
            "there is no List-Unsubscribe: Gmail and Yahoo require it of bulk mail",
            "add List-Unsubscribe: <https://…> and List-Unsubscribe-Post (RFC 8058)",
        )
    for value, line in leaving:
        if "=?" in value:
            yield _error(
                "list-unsubscribe",
                "List-Unsubscribe is an encoded word: its button is dead",
                "write the address as it is, on a line of its own if it is long",
                line,
            )
        elif len(re.findall(r"<\s*https://", value)) != 1:
            yield _error(
                "list-unsubscribe",
                "List-Unsubscribe needs exactly one https address",
                "write <https://…>, and a mailto: behind it if you like",
                line,
            )


def _check_one_click(message: RawMessage) -> Iterator[Finding]:
    one_click = message.values("List-Unsubscribe-Post")
    if message.values("List-Unsubscribe") and not one_click:
        yield _error(
            "one-click",
            "there is no List-Unsubscribe-Post: leaving takes more than one click",
            "add List-Unsubscribe-Post: List-Unsubscribe=One-Click (RFC 8058)",
        )
    for value, line in one_click:
        if value != "List-Unsubscribe=One-Click":
            yield _error(
                "one-click",
                f"List-Unsubscribe-Post says '{value[:40]}'",
                "write List-Unsubscribe=One-Click",
                line,
            )
    for value, line in message.values("Feedback-ID"):
        fields = value.split(":")
        if len(fields) > 4 or not re.fullmatch("[A-Za-z0-9]{5,15}", fields[-1]):
            yield _warning(
                "feedback-id",
                f"Feedback-ID '{value[:60]}' is not what Gmail reads",
                "write at most 4 fields between colons, the last a sender of 5 to 15 letters",
                line,
            )


def _check_signature(message: RawMessage) -> Iterator[Finding]:
    signatures = message.values("DKIM-Signature")
    for value, line in signatures:
        found = re.search(r"\bh\s*=([^;]*)", value)
        signed = {name.strip().lower() for name in (found[1] if found else "").split(":")}
        wanted = ["from"]
        if message.values("List-Unsubscribe-Post"):
            wanted += ["list-unsubscribe", "list-unsubscribe-post"]
        if missing := [name for name in wanted if name not in signed]:
            yield _error(
                "dkim",
                f"the DKIM signature leaves out {', '.join(missing)}",
                "sign them too: RFC 8058 section 4",
                line,
            )
        if re.search(r"\bl\s*=\s*\d", value):
            yield _warning("dkim", "the signature covers a part only (l=)", "sign it all", line)


def _check_parts(message: RawMessage) -> Iterator[Finding]:
    parsed = message.parsed
    kinds = [part.get_content_type() for part in parsed.walk() if not part.is_multipart()]
    if "text/html" in kinds:
        if "text/plain" not in kinds:
            yield _error(
                "text-part",
                "there is no text part: filters distrust such mail, and some readers see nothing",
                "add one, written and not derived",
            )
        elif kinds.index("text/plain") > kinds.index("text/html"):
            yield _error(
                "part-order",
                "the text part stands behind the HTML: programs show the last they understand",
                "put it first (RFC 2046, 5.1.4)",
            )
        elif len((message.part("plain") or "").split()) < 5:
            yield _warning("text-part", "the text part says next to nothing", "write one")
    for part in parsed.walk():
        if part.get_content_maintype() == "text" and not part.is_multipart():
            charset = (part.get_content_charset() or "").lower()
            if charset not in ("utf-8", "us-ascii"):
                yield _warning(
                    "charset",
                    f"the {part.get_content_type()} part is in '{charset or 'no charset'}'",
                    "use utf-8",
                )
