"""Send webhooks: what is due in the outbox, to each address in order, many addresses at once.

At least once: whoever dies between an answer and its record sends again, under the same
`webhook-id`. An address that fails rests, so that a dead one costs one try at a time.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.core.hygiene import clean_header
from mailer.core.webhooks import (
    LONGEST_FAILURE,
    EventKind,
    MessageState,
    Webhook,
    message_name,
    retry_wait,
    signed_headers,
)
from mailer.errors import InputError, NotFoundError, ServiceAway
from mailer.flows.guard_restore import RestoreGuard
from mailer.ingest.posting import Posted, post
from mailer.store.database import Connection, Database
from mailer.store.webhook_facts import eligible_from
from mailer.store.webhook_outbox import (
    Message,
    claim_message,
    claim_messages,
    due_webhooks,
    find_message,
    give_back,
    settle_message,
)
from mailer.store.webhooks import disable_webhook, find_webhook, note_failure, note_success

# One dead address keeps one thread for its ten seconds; more do not wait for it.
_THREADS = 4
# Ten seconds each at the worst, which the lease outlives.
_BATCH = 20
_LONGEST_ANSWER = 300
_GONE = 410
_MOST_RETRY_AFTER = timedelta(days=1)
_LOST_STORY = "the story is no longer there, or was retracted"


@dataclass(frozen=True, slots=True)
class SentWebhooks:
    """How many messages were taken, how many failed; the ids of addresses just disabled."""

    delivered_count: int = 0
    failed_count: int = 0
    disabled: tuple[int, ...] = ()

    def __add__(self, other: "SentWebhooks") -> "SentWebhooks":
        return SentWebhooks(
            self.delivered_count + other.delivered_count,
            self.failed_count + other.failed_count,
            (*self.disabled, *other.disabled),
        )


class WebhookSender:
    """Posts what is due, unless the `guard` finds a database that was restored.

    `allow_loopback` where no production is: a developer's own receiver.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        *,
        guard: RestoreGuard,
        allow_loopback: bool,
        post: Callable[..., Posted] = post,
    ) -> None:
        self._database = database
        self._clock = clock
        self._guard = guard
        self._allow_loopback = allow_loopback
        self._post = post

    def send_due(self, go_on: Callable[[], bool] = lambda: True) -> SentWebhooks:
        """Send what is due, batch after batch while `go_on` says so. Raises RestoredDatabase."""
        sent = SentWebhooks()
        while go_on():
            with self._database.read() as connection:
                ids = due_webhooks(connection, self._clock())
            if not ids:
                break
            self._guard.check(self._database, self._clock())
            if len(ids) == 1:
                done = [self._send_batch(ids[0], go_on)]
            else:
                with ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook") as threads:
                    done = list(threads.map(lambda one: self._send_batch(one, go_on), ids))
            sent = sum(done, sent)
        return sent

    def send_now(self, message_id: int) -> Message:
        """Send one message that waits, whether or not it is due, and return what became of it.

        Raises NotFoundError, RestoredDatabase.
        """
        self._guard.check(self._database, self._clock())
        with self._database.write() as connection:
            message = claim_message(connection, message_id, self._clock())
            webhook = find_webhook(connection, message.webhook_id) if message else None
        if message is not None and webhook is not None:
            self._try(webhook, message)
        with self._database.read() as connection:
            now_is = find_message(connection, message_id)
        if now_is is None:
            raise NotFoundError(f"no message {message_id}: see 'mailer webhooks deliveries'")
        return now_is

    def _send_batch(self, webhook_id: int, go_on: Callable[[], bool]) -> SentWebhooks:
        with self._database.write() as connection:
            webhook = find_webhook(connection, webhook_id)
            messages = claim_messages(connection, webhook_id, self._clock(), limit=_BATCH)
        sent = SentWebhooks()
        if webhook is None:
            return sent
        for number, message in enumerate(messages):
            if not go_on():
                self._give_back(messages[number:])
                break
            done = self._try(webhook, message)
            sent += done
            if done.failed_count:
                self._give_back(messages[number + 1 :])
                break
        return sent

    def _try(self, webhook: Webhook, message: Message) -> SentWebhooks:
        """Send one message and record what came of it."""
        if self._is_untold(message):
            return SentWebhooks()
        now = self._clock()
        name = message_name(message.id, message.created_at)
        body = body_of(message)
        headers = signed_headers(webhook.secrets(now), name, body, now)
        answer: Posted | None = None
        try:
            answer = self._post(webhook.url, body, headers, allow_loopback=self._allow_loopback)
            words = answer.text
        except (InputError, ServiceAway) as error:
            words = str(error)
        status = answer.status if answer else None
        words = clean_header(words, _LONGEST_ANSWER)
        now = self._clock()
        if status is not None and 200 <= status < 300:
            with self._database.write() as connection:
                note_success(connection, webhook.id)
                settle_message(
                    connection,
                    message,
                    MessageState.DELIVERED,
                    status=status,
                    answer=words,
                    now=now,
                )
            return SentWebhooks(delivered_count=1)
        wait = retry_wait(message.attempt_count, name)
        asked = timedelta(seconds=answer.retry_after) if answer else timedelta()
        rest = max(wait or timedelta(hours=1), min(asked, _MOST_RETRY_AFTER))
        with self._database.write() as connection:
            settle_message(
                connection,
                message,
                MessageState.GIVEN_UP if wait is None else MessageState.QUEUED,
                status=status,
                answer=words,
                now=now,
                due_at=now + rest,
            )
            disabled = self._rest(connection, webhook, status, now + rest, now)
        return SentWebhooks(failed_count=1, disabled=(webhook.id,) if disabled else ())

    def _rest(
        self,
        connection: Connection,
        webhook: Webhook,
        status: int | None,
        until: datetime,
        now: datetime,
    ) -> bool:
        """Let an address rest, or disable it: it said it is gone, or took nothing for days."""
        since = note_failure(connection, webhook.id, until, now)
        if status == _GONE:
            return disable_webhook(connection, webhook.id, "it answered 410: gone", now)
        if now - since >= LONGEST_FAILURE:
            words = f"it has taken nothing since {since:%Y-%m-%d %H:%M} UTC"
            return disable_webhook(connection, webhook.id, words, now)
        return False

    def _is_untold(self, message: Message) -> bool:
        """Hold back what is not to be told, or not yet: a story under embargo, or retracted."""
        if message.kind is not EventKind.STORY_PUBLISHED:
            return False
        now = self._clock()
        with self._database.write() as connection:
            eligible_at = eligible_from(connection, int(message.data["story"]))
            if eligible_at is None:
                settle_message(
                    connection,
                    message,
                    MessageState.DROPPED,
                    status=None,
                    answer=_LOST_STORY,
                    now=now,
                )
                return True
            if eligible_at > now:
                give_back(connection, message, eligible_at)
                return True
        return False

    def _give_back(self, messages: Sequence[Message]) -> None:
        now = self._clock()
        with self._database.write() as connection:
            for message in messages:
                give_back(connection, message, now)


def body_of(message: Message) -> bytes:
    """Return the body of a message: the same bytes at each try."""
    document = {
        "type": message.kind.value,
        "timestamp": message.created_at.isoformat(),
        "data": dict(message.data),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
