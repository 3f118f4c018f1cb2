"""Calls of hooks, and what tests of them ask of the store."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from mailer.core.addresses import read_address
from mailer.core.bounces import SoftRule
from mailer.core.hooks import HookCall
from mailer.core.tokens import Signer
from mailer.errors import InputError
from mailer.flows.desk import Desk
from mailer.flows.fetch_certificate import Certificates
from mailer.flows.take_hook import HookAnswer, take_hook
from mailer.ingest.fetch import Fetched
from mailer.render.mail import Renderer
from mailer.render.site import Site
from mailer.store.ledger_tables import deliveries
from mailer.store.tables import suppressions
from tests.bounces.services import (
    Services,
)
from tests.builders import NOON
from tests.store.rows import Room

SIGNER = Signer(("test-secret",))
HOUR = timedelta(hours=1)
Made = Callable[[Services, str, str], HookCall]


class Amazonas:
    """What stands at Amazon's addresses, and which were asked."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def get(self, url: str, *, max_redirects: int) -> Fetched:
        assert max_redirects == 0
        self.asked.append(url)
        if url not in self.answers:
            raise InputError(f"{url} answered 404")
        return Fetched(self.answers[url], "application/x-pem-file", "", "", url)


def take(
    room: Room,
    made: Services,
    one: HookCall,
    *,
    certificates: Certificates | None = None,
    pinned: bool = True,
    now: datetime = NOON,
) -> HookAnswer:
    site = Site("Test", "https://news.example", "1 Test Street")
    desk = Desk(room.database, Renderer(site, SIGNER, max_mail_bytes=100_000), SIGNER, site)
    secrets = made.secrets if pinned else replace(made.secrets, ses_certificate="")
    shelf = certificates or Certificates(Amazonas({}).get)
    return take_hook(desk, one, secrets, shelf, rule=SoftRule(), now=now)


def suppressed(room: Room) -> dict[str, str]:
    with room.database.read() as connection:
        rows = connection.execute(select(suppressions.c.email_key, suppressions.c.reason))
        return {row.email_key: row.reason for row in rows}


def mail_of(room: Room, index: int = 0) -> tuple[str, str, str]:
    """Address, its key and Message-ID of a delivery."""
    with room.database.read() as connection:
        row = connection.execute(
            select(deliveries.c.email, deliveries.c.message_id).where(
                deliveries.c.id == room.delivery_ids[index]
            )
        ).one()
    return row.email, read_address(row.email).key, row.message_id
