"""What the flows work with, joined once by `mailer.bootstrap`."""

from dataclasses import dataclass

from mailer.core.tokens import Signer
from mailer.render.mail import Renderer
from mailer.render.site import Site
from mailer.store.database import Database


@dataclass(frozen=True, slots=True)
class Desk:
    """An open database, and what turns a letter into a message."""

    database: Database
    renderer: Renderer
    signer: Signer
    site: Site
