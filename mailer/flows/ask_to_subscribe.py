"""Somebody types an address into the form: ask its owner by mail, within limits.

Known and unknown addresses get the same answer for the same work (S8): a request is written and,
unless the address was written to lately, a confirmation queued. Who the address belongs to is
looked at when its owner has said yes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailer.core.addresses import Address
from mailer.core.limits import Limit, host_of, network_of
from mailer.core.notices import Link, Occasion
from mailer.core.readers import Newsletter, Wanted
from mailer.core.tokens import Purpose
from mailer.errors import InputError
from mailer.flows.desk import Desk
from mailer.flows.keep_follow import read_wanted
from mailer.flows.send_notice import NewNotice, send_notice
from mailer.render.follow_words import FollowWords
from mailer.render.speech import speech_of
from mailer.store.database import Connection
from mailer.store.limits import forget_full, take
from mailer.store.newsletters import find_newsletter
from mailer.store.subscription_requests import (
    SubscriptionRequest,
    add_request,
    may_be_mailed,
)
from mailer.store.tags import read_vocabulary

CONFIRM_LIFE = timedelta(days=7)
MOST_WANTED = 25  # S25. Nobody ticks more; who wants all follows everything.
# S5. One household, one office, one mail service: real sign-ups stay far below.
PER_HOST = Limit("subscribe-host", 10, timedelta(minutes=5))
PER_NETWORK = Limit("subscribe-network", 60, timedelta(minutes=1))
PER_DOMAIN = Limit("subscribe-domain", 200, timedelta(seconds=5))
PER_ADDRESS = Limit("subscribe-address", 1, timedelta(hours=24))


@dataclass(frozen=True, slots=True)
class Petition:
    """What the form holds. `client` is the network address it came from."""

    address: Address
    newsletter: str
    follows: tuple[Wanted, ...]
    locale: str
    timezone: str
    client: str
    source: str


class Answer(StrEnum):
    """TAKEN says nothing about the address; TOO_MANY is about the client or the domain."""

    TAKEN = "taken"
    TOO_MANY = "too many"


def ask_to_subscribe(desk: Desk, petition: Petition, *, now: datetime) -> Answer:
    """Write the request down and queue its confirmation.

    Raises InputError for a newsletter, cadence or expression that cannot be had.
    """
    if not petition.follows:
        raise InputError("nothing is followed: choose at least one topic")
    if len(petition.follows) > MOST_WANTED:
        raise InputError(f"{len(petition.follows)} topics are too many: choose {MOST_WANTED}")
    address = petition.address
    domain = address.key.rpartition("@")[2]
    with desk.database.write() as connection:
        newsletter = find_newsletter(connection, petition.newsletter)
        vocabulary = read_vocabulary(connection)
        for wanted in petition.follows:
            read_wanted(wanted, newsletter, vocabulary)
        forget_full(connection, now)
        subject = desk.signer.keyed_hash
        limits = [
            (PER_HOST, subject(host_of(petition.client))),
            (PER_NETWORK, subject(network_of(petition.client))),
            (PER_DOMAIN, subject(domain)),
        ]
        if take(connection, limits, now) is not None:
            return Answer.TOO_MANY
        # Its row is held from here on: two requests at once cannot both be the day's first.
        is_mailed = take(
            connection, [(PER_ADDRESS, subject(address.key))], now
        ) is None and may_be_mailed(connection, address.key, now)
        words = FollowWords(vocabulary, petition.locale)
        follows = tuple(words.follow(wanted) for wanted in petition.follows)
        consent = consent_words(petition.locale, newsletter, follows)
        request = SubscriptionRequest(
            id=0,
            email=address.shown,
            newsletter_id=newsletter.id,
            follows=petition.follows,
            locale=petition.locale,
            timezone=petition.timezone,
            consent=consent,
            source=petition.source,
            requested_at=now,
            confirmed_at=None,
        )
        request_id = add_request(connection, request, address.key, is_mailed=is_mailed)
        if is_mailed:
            _queue(desk, connection, request_id, petition, newsletter, follows, consent, now)
    return Answer.TAKEN


def consent_words(locale: str, newsletter: Newsletter, follows: tuple[str, ...]) -> str:
    """Return what the link says, and so what she agrees to."""
    speech = speech_of(locale)
    if len(follows) == 1:
        return speech.say(
            "Yes, send me {newsletter}: {follow}", newsletter=newsletter.name, follow=follows[0]
        )
    return speech.say("Yes, send me {newsletter} with these topics", newsletter=newsletter.name)


def _queue(  # noqa: PLR0917 - private, and called once
    desk: Desk,
    connection: Connection,
    request_id: int,
    petition: Petition,
    newsletter: Newsletter,
    follows: tuple[str, ...],
    consent: str,
    now: datetime,
) -> None:
    token = Link.signed(Purpose.CONFIRM, "at", int(now.timestamp()), request_id)
    notice = NewNotice(
        occasion=Occasion.CONFIRMATION,
        key=f"confirm:{request_id}",
        address=petition.address,
        locale=petition.locale,
        timezone=petition.timezone,
        newsletter=newsletter,
        words={"follows": follows, "consent": consent},
        links={"confirm": token},
    )
    send_notice(desk, connection, notice, now=now)
