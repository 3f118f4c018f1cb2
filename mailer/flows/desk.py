"""What the flows work with, joined once by `mailer.bootstrap`."""

from dataclasses import dataclass, field

from mailer.core.bounce_addresses import bounce_address
from mailer.core.recipients import EVERYBODY, AllowedRecipients
from mailer.core.tokens import Signer
from mailer.delivery.throttle import MemoryThrottle
from mailer.flows.guard_restore import RestoreGuard
from mailer.ports import Throttle
from mailer.render.mail import Renderer
from mailer.render.site import Site
from mailer.store.database import Database
from mailer.store.story_shelf import StoryShelf
from mailer.store.tags import VocabularyReader


@dataclass(frozen=True, slots=True)
class Desk:
    """An open database, and what turns a letter into a message.

    Bounces come to `bounce_address`, marked with their delivery; without one to the sender
    himself. Mail to others than the `allowed` is withheld. The `guard` says whether this is
    still the database we know. `vocabularies` and `shelf` are
    what delivery reads over and over.
    """

    database: Database
    renderer: Renderer
    signer: Signer
    site: Site
    bounce_address: str = ""
    allowed: AllowedRecipients = EVERYBODY
    throttle: Throttle = field(default_factory=MemoryThrottle)
    guard: RestoreGuard = field(default_factory=RestoreGuard)
    vocabularies: VocabularyReader = field(default_factory=VocabularyReader)
    shelf: StoryShelf = field(default_factory=StoryShelf)

    def envelope_sender(self, delivery_id: int, sender: str) -> str:
        """Return whom a server tells that this delivery could not be brought."""
        if not self.bounce_address:
            return sender
        return bounce_address(self.bounce_address, delivery_id, self.signer)
