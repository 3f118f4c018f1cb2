"""Tell readers that tags they follow have changed: one notice each."""

from dataclasses import dataclass
from datetime import datetime

from mailer.core.notices import Occasion
from mailer.core.readers import Newsletter, Reader, Wanted
from mailer.core.tag_changes import ChangedFollow, TagChange
from mailer.core.tags import Vocabulary
from mailer.flows.desk import Desk
from mailer.flows.send_notice import NewNotice, send_notice
from mailer.render.follow_words import FollowWords
from mailer.store.database import Connection
from mailer.store.newsletters import list_newsletters
from mailer.store.readers import list_readers

_BATCH = 5_000
_MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class TagNews:
    """What has changed: the tags as they are now, the two names to tell, the follows."""

    change: TagChange
    vocabulary: Vocabulary
    names: tuple[str, str]
    follows: tuple[ChangedFollow, ...]


def tell_tag_change(desk: Desk, connection: Connection, news: TagNews, *, now: datetime) -> None:
    """Queue one notice for each reader with a follow that changes."""
    of_reader: dict[int, list[ChangedFollow]] = {}
    for follow in news.follows:
        of_reader.setdefault(follow.reader_id, []).append(follow)
    newsletters = {one.slug: one for one in list_newsletters(connection)}
    after_id = 0
    while of_reader:
        readers = list_readers(connection, max(after_id, min(of_reader) - 1), _BATCH)
        for reader in readers:
            follows = of_reader.pop(reader.id, None)
            if follows is not None:
                newsletter = newsletters[follows[0].newsletter]
                send_notice(
                    desk,
                    connection,
                    _notice(news, reader, newsletter, follows, now),
                    now=now,
                )
        after_id = readers[-1].id


def _notice(
    news: TagNews,
    reader: Reader,
    newsletter: Newsletter,
    follows: list[ChangedFollow],
    now: datetime,
) -> NewNotice:
    words = FollowWords(news.vocabulary, reader.locale)
    lines = dict.fromkeys(words.follow(Wanted(one.after, one.cadence)) for one in follows)
    return NewNotice.to(
        reader,
        Occasion.TAGS_CHANGED,
        f"tags:{news.change.kind}:{now.isoformat()}:{reader.id}",
        newsletter=newsletter,
        subscription_id=follows[0].subscription_id,
        words={
            "kind": news.change.kind.value,
            "old": news.names[0],
            "new": news.names[1],
            "follows": tuple(lines)[:_MOST_NAMED],
        },
    )
