"""Who sends: what every mail says about the newsroom behind it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """The newsroom. `public_url` has no slash at its end; `postal_address` may be several lines."""

    name: str
    public_url: str
    postal_address: str
