"""The notices of a test: delivered into memory, and the links in them."""

import re

from mailer.bootstrap import Installation
from mailer.delivery.memory import MemoryBackend
from mailer.flows.drain_ledger import drain_ledger


def deliver(room: Installation, count: int | None = None) -> list[str]:
    """Send what is due and return each mail's text part as it reads, oldest first."""
    import email
    import email.policy

    backend = MemoryBackend()
    drain_ledger(
        room.desk,
        backend,
        clock=room.clock,
        window=room.settings.smtp_window,
        policy=room.settings.in_doubt,
    )
    texts = []
    for message in backend.messages:
        mail = email.message_from_bytes(message.content, policy=email.policy.default)
        part = mail.get_body(("plain",))
        assert part is not None
        texts.append(f"To: {mail['To']}\nSubject: {mail['Subject']}\n\n{part.get_content()}")
    if count is not None:
        assert len(texts) == count, texts
    return texts


def link(text: str, purpose: str) -> str:
    """The path of the first link of a purpose."""
    [path, *_] = re.findall(rf"https://news\.example(/{purpose}/\S+)", text)
    return str(path)
