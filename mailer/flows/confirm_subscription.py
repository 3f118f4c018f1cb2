"""The owner of an address says yes: she becomes a reader, and her follows begin."""

from dataclasses import dataclass, replace
from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.notices import Link, Occasion
from mailer.core.readers import MailFormat, Newsletter, Reader, ReaderState
from mailer.core.tokens import Purpose
from mailer.errors import ExpressionError
from mailer.flows.desk import Desk
from mailer.flows.keep_follow import keep_follow
from mailer.flows.record_change import record_change
from mailer.flows.send_notice import NewNotice, send_notice
from mailer.render.follow_words import FollowWords
from mailer.store.database import Connection
from mailer.store.newsletters import newsletters_by_id
from mailer.store.preferences import ensure_subscription
from mailer.store.readers import add_reader, change_reader, find_reader, look_up_reader
from mailer.store.subscription_requests import SubscriptionRequest, confirm_request, find_request
from mailer.store.tags import read_vocabulary


@dataclass(frozen=True, slots=True)
class Offer:
    """What a request asks for, in its reader's words. `is_confirmed`: she has said yes before."""

    newsletter: Newsletter
    follows: tuple[str, ...]
    consent: str
    locale: str
    is_confirmed: bool


def read_offer(desk: Desk, request_id: int) -> Offer:
    """Return what there is to say yes to; raises NotFoundError."""
    with desk.database.read() as connection:
        return _offer(connection, find_request(connection, request_id))


def confirm_subscription(desk: Desk, request_id: int, *, now: datetime) -> Offer:
    """Start what she asked for and queue a welcome; again is no change.

    Her consent stands in the subscription, in the words of the link she pressed. Raises
    NotFoundError when the request was erased.
    """
    with desk.database.write() as connection:
        request = find_request(connection, request_id, lock=True)
        offer = _offer(connection, request)
        if request.confirmed_at is not None:
            return offer
        reader = _reader(connection, request, now)
        vocabulary = read_vocabulary(connection)
        with record_change(
            connection, reader.id, what="subscribed", source=request.source, now=now
        ):
            subscription_id = ensure_subscription(
                connection,
                reader.id,
                offer.newsletter.id,
                source=request.source,
                consent=request.consent,
                now=now,
            )
            for wanted in request.follows:
                try:
                    keep_follow(
                        connection,
                        reader,
                        offer.newsletter,
                        vocabulary,
                        wanted,
                        now=now,
                        source=request.source,
                    )
                except ExpressionError:
                    # A tag that went within the week: the others are not to be lost with it.
                    continue
        confirm_request(connection, request_id, now)
        welcome = NewNotice.to(
            reader,
            Occasion.WELCOME,
            f"welcome:{request_id}",
            newsletter=offer.newsletter,
            subscription_id=subscription_id,
            words={"follows": offer.follows},
            links={
                "preferences": Link.signed(Purpose.PREFERENCES, reader.id, subscription_id),
                "unsubscribe": Link.signed(Purpose.UNSUBSCRIBE, subscription_id),
            },
        )
        send_notice(desk, connection, welcome, now=now)
    return offer


def _offer(connection: Connection, request: SubscriptionRequest) -> Offer:
    words = FollowWords(read_vocabulary(connection), request.locale)
    return Offer(
        newsletters_by_id(connection)[request.newsletter_id],
        tuple(words.follow(wanted) for wanted in request.follows if words.topic(wanted.expression)),
        request.consent,
        request.locale,
        request.confirmed_at is not None,
    )


def _reader(connection: Connection, request: SubscriptionRequest, now: datetime) -> Reader:
    """Return the confirmed reader of the address; one we know keeps her settings."""
    address = read_address(request.email)
    there = look_up_reader(connection, address)
    if there is not None:
        if there.state is not ReaderState.CONFIRMED:
            there = replace(there, state=ReaderState.CONFIRMED)
            change_reader(connection, there, now)
        return there
    new = Reader(
        id=0,
        email=address.shown,
        email_key=address.key,
        name="",
        state=ReaderState.CONFIRMED,
        locale=request.locale,
        timezone=request.timezone,
        hour=None,
        format=MailFormat.HTML,
    )
    add_reader(connection, new, now)
    return find_reader(connection, address)
