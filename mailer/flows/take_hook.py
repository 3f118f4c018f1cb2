"""Take a call of a hook: believe it, act on each report in it, and record what is refused.

A refused call changes nothing about any reader. A believed one may come again, whole or in part,
and is no change then.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.core.bounce_addresses import bounced_delivery
from mailer.core.bounces import Arrival, SoftRule
from mailer.core.hooks import HookCall, HookSecrets, Notices, Provider, Refusal
from mailer.core.limits import Limit, host_of
from mailer.flows.believe_hook import believe_hook
from mailer.flows.desk import Desk
from mailer.flows.fetch_certificate import Certificates
from mailer.flows.take_report import take_report
from mailer.store.audit import record_change
from mailer.store.hooks import doubtful_among, note_refusal, use_token
from mailer.store.ledger_events import BY_SERVICE
from mailer.store.ledger_steering import accept_one
from mailer.store.limits import take

# A service whose secret was typed wrong sends many; what comes beyond is heard by nobody.
_REFUSED = Limit("hooks refused", burst=60, every=timedelta(seconds=2))


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What became of a call: `refusal`, or counts of what it told.

    `heard` is False for a client that was refused too often: its call was not even recorded.
    """

    refusal: Refusal | None = None
    heard: bool = True
    taken_count: int = 0
    known_count: int = 0
    settled_count: int = 0
    ignored_count: int = 0
    confirmed: bool = False


def take_hook(
    desk: Desk,
    call: HookCall,
    secrets: HookSecrets,
    certificates: Certificates,
    *,
    rule: SoftRule,
    now: datetime,
) -> HookAnswer:
    """Act on a call. Raises ServiceAway when it could not be judged now."""
    told = believe_hook(call, secrets, certificates, now=now)
    if isinstance(told, Notices) and told.token:
        told = _use(desk, call, told, secrets, now)
    if isinstance(told, Refusal):
        return HookAnswer(refusal=told, heard=_refuse(desk, call, told, now))
    if told.topic and told.confirm_url:
        _confirm(desk, certificates, told, call.client, now)
    taken = known = 0
    for report in told.reports:
        done = take_report(
            desk.database,
            desk.signer,
            report,
            source=source_of(call.provider),
            rule=rule,
            signed=True,
            now=now,
        )
        taken, known = taken + done.is_new, known + (not done.is_new)
    return HookAnswer(
        taken_count=taken,
        known_count=known,
        settled_count=_settle(desk, told.arrivals, now),
        ignored_count=told.ignored_count,
        confirmed=bool(told.confirm_url),
    )


def source_of(provider: Provider) -> str:
    """Return what the list of bounces names as the source of a provider's notices."""
    return f"hook {provider}"


def _use(
    desk: Desk, call: HookCall, told: Notices, secrets: HookSecrets, now: datetime
) -> Notices | Refusal:
    with desk.database.write() as connection:
        is_ours = use_token(
            connection,
            call.provider,
            hashlib.sha256(told.token.encode()).hexdigest(),
            hashlib.sha256(call.body).hexdigest(),
            now=now,
            # What it signed may be of the future by some minutes: an hour covers that.
            kept_for=secrets.max_age + timedelta(hours=1),
        )
    return told if is_ours else Refusal.REPLAYED


def _refuse(desk: Desk, call: HookCall, refusal: Refusal, now: datetime) -> bool:
    subject = desk.signer.keyed_hash(host_of(call.client))
    with desk.database.write() as connection:
        if take(connection, [(_REFUSED, subject)], now) is not None:
            return False
        note_refusal(connection, call.provider, refusal, call.client, now)
    return True


def _confirm(
    desk: Desk, certificates: Certificates, told: Notices, client: str, now: datetime
) -> None:
    certificates.visit(told.confirm_url)
    with desk.database.write() as connection:
        record_change(
            connection,
            actor="hook ses",
            action="hook subscribed",
            subject=told.topic,
            address=client,
            now=now,
        )


def _settle(desk: Desk, arrivals: Sequence[Arrival], now: datetime) -> int:
    """Record as accepted what was in doubt and has arrived; of others an arrival is no news."""
    if not arrivals:
        return 0
    sealed = (
        bounced_delivery(address, desk.signer) for each in arrivals for address in each.addresses
    )
    delivery_ids = [each for each in sealed if each is not None]
    message_ids = [name for each in arrivals for name in each.message_ids]
    with desk.database.read() as connection:
        doubtful = doubtful_among(connection, delivery_ids, message_ids)
    settled = 0
    for delivery_id in doubtful:
        with desk.database.write() as connection:
            settled += accept_one(connection, delivery_id, now, BY_SERVICE)
    return settled
