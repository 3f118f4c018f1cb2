"""Who sends: what every mail says about the newsroom behind it."""

from dataclasses import dataclass

from mailer.core.hygiene import clean_header


@dataclass(frozen=True, slots=True)
class Site:
    """The newsroom. `public_url` has no slash at its end; `postal_address` may be several lines.

    `sender_address` is who mails are from that belong to no newsletter; when it is empty they are
    from "newsroom" at the host of `public_url`.
    """

    name: str
    public_url: str
    postal_address: str
    sender_address: str = ""


def address_lines(site: Site) -> tuple[str, ...]:
    """Return the postal address as mails show it, line by line."""
    cleaned = (clean_header(line) for line in site.postal_address.splitlines())
    return tuple(line for line in cleaned if line)
