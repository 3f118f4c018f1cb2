"""Signatures of webhooks against a vector of the specification's, waits, addresses, kinds."""

from datetime import UTC, datetime, timedelta

import pytest

from mailer.core.webhooks import (
    CHOOSABLE,
    MOST_ATTEMPTS,
    EventKind,
    Webhook,
    message_name,
    read_kinds,
    read_webhook_url,
    retry_wait,
    secret_of,
    signed_headers,
)
from mailer.errors import InputError
from tests.builders import NOON

# The example that libraries of Standard Webhooks test themselves with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NAME = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SIGNED_AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'


def test_a_signature_is_that_of_the_specification() -> None:
    headers = signed_headers([SECRET], NAME, BODY, SIGNED_AT)
    assert headers == {
        "webhook-id": NAME,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_is_replaced_both_sign() -> None:
    new = secret_of(bytes(32))
    webhook = Webhook(1, "https://cms.example/", (), NOON, new, SECRET, NOON + timedelta(hours=24))
    for now, count in ((NOON, 2), (NOON + timedelta(hours=24), 1)):
        headers = signed_headers(webhook.secrets(now), NAME, BODY, now)
        assert len(headers["webhook-signature"].split(" ")) == count
    assert webhook.secrets(NOON) == (new, SECRET)
    assert SECRET not in repr(webhook)
    assert new not in repr(webhook)


def test_tries_go_on_for_days_and_then_end() -> None:
    waits = [retry_wait(count, NAME) for count in range(1, MOST_ATTEMPTS + 1)]
    assert waits[-1] is None
    known = [wait for wait in waits if wait is not None]
    assert known == sorted(known)
    assert len(known) == MOST_ATTEMPTS - 1
    assert timedelta(days=3) < sum(known, timedelta()) < timedelta(days=4)
    # Two messages that failed together do not come back together.
    assert retry_wait(3, "msg_1") != retry_wait(3, "msg_2")


def test_a_message_keeps_its_name() -> None:
    assert (
        message_name(7, NOON) == message_name(7, NOON) != message_name(7, NOON + 2 * timedelta(1))
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cms.example/hook",
        "ftp://cms.example/",
        "https:///hook",
        "https://user:pass@cms.example/",
        "https://cms.example/#x",
        "https://cms.example/a b",
        "https://[::1/",
        "https://cms.example:port/",
        "file:///etc/passwd",
        "https://cms.example/" + "x" * 2000,
    ],
)
def test_an_address_that_cannot_be_posted_to_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        read_webhook_url(url, https_only=False)


def test_production_posts_by_https_only() -> None:
    assert read_webhook_url(" http://localhost:9000/x ", https_only=False).startswith("http://")
    with pytest.raises(InputError, match="https"):
        read_webhook_url("http://cms.example/", https_only=True)
    assert read_webhook_url("https://cms.example/x?y=1", https_only=True)


def test_kinds_are_read_from_words() -> None:
    assert read_kinds(["run.paused, story.published"]) == (
        EventKind.RUN_PAUSED,
        EventKind.STORY_PUBLISHED,
    )
    assert read_kinds(["*"]) == read_kinds([]) == CHOOSABLE
    with pytest.raises(InputError, match=r"unknown event 'story.gone'"):
        read_kinds(["story.gone"])
    with pytest.raises(InputError):
        read_kinds(["webhook.test"])
