"""A small newsroom to render: tags, stories, letters, a renderer."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from lxml import html

from mailer.core.digests import Item, Reason, Section, Shown
from mailer.core.expressions import canonical, in_words, parse
from mailer.core.letters import Letter
from mailer.core.readers import Cadence, MailFormat, Newsletter
from mailer.core.stories import SeeAlso, Story
from mailer.core.tags import Tag, TagKind, Vocabulary
from mailer.core.tokens import Signer
from mailer.render.mail import Renderer
from mailer.render.site import Site

VOCABULARY = Vocabulary(
    (
        Tag("asia", "Asia", TagKind.REGION),
        Tag("china", "China", TagKind.COUNTRY, "asia"),
        Tag("north-korea", "North Korea", TagKind.COUNTRY, "asia"),
        Tag("south-korea", "South Korea", TagKind.COUNTRY, "asia"),
        Tag("japan", "Japan", TagKind.COUNTRY, "asia"),
        Tag("taiwan", "台湾", TagKind.COUNTRY, "asia"),
        Tag("trade", "Trade"),
        Tag("sport", "Sport"),
        Tag("r-and-d", "R&D <labs>"),
    )
)
SITE = Site(
    "The Meridian Desk",
    "https://meridian.example",
    "The Meridian Desk\n14 Harbour Lane\nBusan 48944, Republic of Korea",
)
SIGNER = Signer(("a secret of the tests",))
AS_OF = datetime(2026, 10, 21, 22, 0, tzinfo=UTC)
NEWSLETTER = Newsletter(
    id=1,
    slug="asia-daily",
    name="The Meridian Daily",
    description="The stories you asked for.",
    sender_name="The Meridian Desk",
    sender_address="daily@meridian.example",
    reply_to="editors@meridian.example",
    template="digest",
    locales=("en",),
    cadences=(Cadence.DAILY, Cadence.INSTANT),
    base_expression="*",
    timezone="Asia/Seoul",
)
BRIDGE = Story(
    id=1,
    uid="bridge",
    revision=1,
    title="Dandong bridge to carry passengers again",
    url="https://meridian.example/2026/10/22/bridge",
    summary="Coaches will cross the Yalu twice a day, the first service since the winter of 2020.",
    byline="So-yeon Baek",
    dateline="Dandong",
    language="en",
    published_at=datetime(2026, 10, 21, 20, 40, tzinfo=UTC),
    eligible_at=datetime(2026, 10, 21, 20, 40, tzinfo=UTC),
    kicker=("china", "north-korea"),
    topics=("trade",),
    see_also=(
        SeeAlso(
            "Freight doubles on the Yalu", "https://meridian.example/freight", date(2026, 9, 11)
        ),
    ),
)


def a_story(number: int, **changes: Any) -> Story:
    """A story like BRIDGE, with a number of its own."""
    story = replace(
        BRIDGE,
        id=number,
        uid=f"story-{number}",
        title=f"Story number {number}",
        url=f"https://meridian.example/stories/{number}",
        see_also=(),
    )
    return replace(story, **changes)


def a_reason(expression: str, follow_id: int = 31) -> Reason:
    """The reason of a follow, as the flows make it."""
    written = parse(expression, VOCABULARY)
    return Reason(follow_id, canonical(written), in_words(written))


def a_section(
    *stories: Story, expression: str = "china & north-korea", shown: Shown = Shown.FULL
) -> Section:
    """A section whose stories are all shown alike, all for one follow."""
    reason = a_reason(expression)
    items = tuple(Item(story, shown, (reason,)) for story in stories)
    return Section(reason.follow_id, reason.expression, items)


def a_letter(*sections: Section, **changes: Any) -> Letter:
    """A letter to Mina; without sections it tells of the bridge."""
    letter = Letter(
        key="digest:asia-daily:2026-10-22:8",
        message_id="<60a9315c1e7118d5d3a1951950149066@meridian.example>",
        newsletter=NEWSLETTER,
        cadence=Cadence.DAILY,
        as_of=AS_OF,
        reader_id=8,
        subscription_id=21,
        email="mina.park@example.org",
        name="Mina Park",
        locale="en",
        timezone="Asia/Seoul",
        format=MailFormat.HTML,
        sections=sections or (a_section(BRIDGE),),
    )
    return replace(letter, **changes)


def a_renderer(**options: Any) -> Renderer:
    """A renderer of this newsroom."""
    return Renderer(SITE, SIGNER, **{"max_mail_bytes": 102_400, **options})


def seen(page: str) -> str:
    """The text of a page without its head and its hidden first lines."""
    document = html.document_fromstring(page)
    for hidden in document.xpath("//head|//div[@aria-hidden]"):
        hidden.drop_tree()
    return " ".join(str(document.text_content()).split())
