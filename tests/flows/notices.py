"""Notices as tests send them."""

from datetime import datetime, timedelta
from typing import Any

from mailer.core.addresses import read_address
from mailer.core.notices import Link, Occasion
from mailer.core.tokens import Purpose
from mailer.flows.send_notice import NewNotice, send_notice
from mailer.store.newsletters import find_newsletter
from mailer.store.preferences import ensure_subscription
from mailer.store.readers import find_reader
from tests.flows.conftest import NOON, Newsroom

ANN = "ann@example.org"
MINUTE = timedelta(minutes=1)


def subscription_of(newsroom: Newsroom, email: str) -> int:
    """The reader's current subscription, started if she has none."""
    with newsroom.database.write() as connection:
        return ensure_subscription(
            connection,
            find_reader(connection, read_address(email)).id,
            find_newsletter(connection, "asia").id,
            source="test",
            consent="",
            now=NOON,
        )


def confirm(
    newsroom: Newsroom, email: str = ANN, nonce: str = "n1", now: datetime = NOON, **changes: Any
) -> int | None:
    """Send a confirmation to a reader and return the delivery's id."""
    subscription_id = subscription_of(newsroom, email)
    with newsroom.database.write() as connection:
        values: dict[str, Any] = {
            "newsletter": find_newsletter(connection, "asia"),
            "subscription_id": subscription_id,
            "words": {
                "consent": "Yes, send me Asia Today",
                "follows": ("China and North Korea, daily", "Japan, once a week"),
            },
            "links": {"confirm": Link.signed(Purpose.CONFIRM, subscription_id, nonce)},
        }
        new = NewNotice.to(
            find_reader(connection, read_address(email)),
            Occasion.CONFIRMATION,
            f"confirm:{subscription_id}:{nonce}",
            **(values | changes),
        )
        return send_notice(newsroom.desk, connection, new, now=now)


def send_to(newsroom: Newsroom, address: str, key: str, now: datetime = NOON) -> int | None:
    """Send somebody a link to preferences, from the site itself."""
    with newsroom.database.write() as connection:
        new = NewNotice(
            Occasion.PREFERENCES_LINK,
            key,
            read_address(address),
            links={"preferences": Link.signed(Purpose.PREFERENCES, 0, 0)},
        )
        return send_notice(newsroom.desk, connection, new, now=now)
