"""Envelope senders that name their delivery, so that a bounce says which mail came back (VERP).

`bounces@news.example` becomes `bounces+1234.k5x2m7qpl3zt6ywa@news.example`: sub-addressing (RFC
5233), a delivery's id, and a seal only we can make. Who reads bounces reads the recipient they
came to; nothing in their text needs to be believed.
"""

import re

from mailer.core.addresses import read_address
from mailer.core.hygiene import clean_header
from mailer.core.tokens import Signer
from mailer.errors import InputError

_LONGEST_LOCAL_PART = 64  # RFC 5321 section 4.5.3.1.1.
_LONGEST_MARK = len("+9223372036854775807.") + 16
_MARK = re.compile(r"\+([1-9][0-9]{0,18})\.([a-z2-7]{16})@[^@]+", re.IGNORECASE)


def read_bounce_address(text: str) -> str:
    """Read the address bounces come to; raises InputError when marks could not be added to it."""
    address = read_address(text)
    local_part = address.wire.rpartition("@")[0]
    if address.needs_smtputf8 or local_part.startswith('"'):
        raise InputError(
            f"'{clean_header(text, 80)}' cannot take bounces: use plain ASCII letters before its @"
        )
    if len(local_part) + _LONGEST_MARK > _LONGEST_LOCAL_PART:
        most = _LONGEST_LOCAL_PART - _LONGEST_MARK
        raise InputError(
            f"'{clean_header(text, 80)}' is too long to take bounces: at most {most} characters "
            "before its @"
        )
    return address.wire


def bounce_address(base: str, delivery_id: int, signer: Signer) -> str:
    """Return the envelope sender of a delivery; `base` is what `read_bounce_address` gave."""
    local_part, _, host = base.rpartition("@")
    return f"{local_part}+{delivery_id}.{signer.seal(_sealed(delivery_id))}@{host}"


def delivery_mark(delivery_id: int, signer: Signer) -> str:
    """Return what names a delivery to a mail service that hands it back; no address of anybody."""
    return bounce_address("m@mark.invalid", delivery_id, signer)


def bounced_delivery(recipient: str, signer: Signer) -> int | None:
    """Return the delivery whose bounce came to this address; None when its seal is not ours.

    Case does not matter: servers on the way may have folded it.
    """
    mark = _MARK.search(recipient.strip().removesuffix(">"))
    if mark is None:
        return None
    delivery_id = int(mark[1])
    return delivery_id if signer.has_sealed(_sealed(delivery_id), mark[2].lower()) else None


def _sealed(delivery_id: int) -> str:
    return f"bounce:{delivery_id}"
