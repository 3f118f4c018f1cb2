"""A newsroom in which every page of the desk has something to show, and nothing of it is kind."""

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

from mailer.bootstrap import Installation
from mailer.bounces.reading import read_report
from mailer.core.addresses import read_address
from mailer.core.adhoc_letters import LetterText
from mailer.core.bounce_addresses import bounce_address
from mailer.core.operators import Role
from mailer.core.reader_imports import Reading
from mailer.core.readers import Cadence
from mailer.core.webhooks import EventKind
from mailer.delivery.memory import MemoryBackend
from mailer.flows.add_operator import add_operator
from mailer.flows.add_reader import NewReader, add_confirmed_reader
from mailer.flows.drain_ledger import drain_ledger
from mailer.flows.ingest_document import ingest_document
from mailer.flows.keep_imports import keep_file, work_imports
from mailer.flows.keep_webhooks import Actor, add_webhook, queue_webhook_test
from mailer.flows.open_run import open_run
from mailer.flows.start_following import start_following
from mailer.flows.steer_run import Steer, steer_run
from mailer.flows.take_report import take_report
from mailer.ingest.jsonl import read_objects
from mailer.ports import Accepted, Deferred, InDoubt, Message, Outcome, Refused
from mailer.store.adhoc_letters import add_letter
from mailer.store.feeds import add_feed_row, find_feed, record_failure
from mailer.store.ledger_reading import list_deliveries
from mailer.store.mailbox_looks import BOUNCES, claim_look, record_look
from tests.bounces import shapes

PASSWORD = "correct horse battery"
ADMIN = "admin@news.example"
MINUTE = timedelta(minutes=1)
# Nothing in it lets a line break: no blank, no hyphen.
LONG = "Unaufhaltsamkeitsverordnungsänderungsgesetzgebungsverfahrensbeschleunigung" * 3
SCRIPT = "<script>alert(1)</script>"
ARABIC = "نور الهدى بنت عبد الرحمن"
LONG_ADDRESS = f"{'a' * 60}@{'subdomain.' * 12}reader.example"
LONG_URL = f"https://news.example/{'path' * 60}?q={SCRIPT}"
NOUR = "nour@news.example"
BOUNCES_GO_TO = "bounces@news.example"
READERS = f"""\
email,name,locale,timezone
nour@reader.example,{ARABIC},en,Asia/Seoul
no address {LONG},{SCRIPT}
{LONG_ADDRESS},{LONG[:90]},en,Europe/Berlin
twice@reader.example,Twice,en,Nowhere/At_All
"""


@dataclass(frozen=True)
class Filled:
    """Where things stand: the ids and names by which pages ask for them."""

    run_id: int
    delivery_id: int
    reader_id: int
    import_id: int
    letter_id: int
    story_uid: str
    reader: str
    token: str


def fill_desk(room: Installation) -> Filled:
    """Fill it: stories, readers, a run with mails in every state, what came back, and troubles."""
    database, signer, now = room.desk.database, room.desk.signer, room.clock()
    add_operator(database, ADMIN, role=Role.ADMIN, password=PASSWORD, actor="test", now=now)
    invited = add_operator(database, LONG_ADDRESS, role=Role.VIEWER, actor="test", now=now)
    stories = [
        {"uid": LONG[:200], "title": LONG[:200], "kicker": ["China", SCRIPT], "url": LONG_URL},
        {"uid": "rtl", "title": ARABIC, "kicker": ["China"], "tags": [ARABIC, LONG[:80]]},
        {"uid": "script", "title": SCRIPT, "kicker": ["China"], "summary": f"{SCRIPT} {LONG}"},
    ]
    published = {"published_at": (now - MINUTE).isoformat(), "summary": LONG}
    ingest_document(database, read_objects([published | one for one in stories]), now=now - MINUTE)
    _welcome(room, NOUR, ARABIC)
    _welcome(room, LONG_ADDRESS, SCRIPT)
    run_id = open_run(database, "asia-daily", Cadence.DAILY, as_of=now, now=now).run_id
    drain_ledger(room.desk, MemoryBackend(_answer), clock=lambda: now + MINUTE)
    with database.read() as connection:
        rows = list_deliveries(connection, run_id=run_id, limit=100)
    mine = next(row for row in rows if row.email == NOUR)
    said = f"550 5.1.1 <{mine.email}>: {SCRIPT} {LONG}"
    report = shapes.postfix("5.1.1", said).replace(
        shapes.TO.encode(), bounce_address(BOUNCES_GO_TO, mine.id, signer).encode()
    )
    rule = room.settings.soft_rule
    take_report(database, signer, read_report(report), source="test", rule=rule, now=now)
    _trouble(room)
    again = open_run(database, "asia-daily", Cadence.WEEKLY, as_of=now, now=now).run_id
    steer_run(
        database,
        again,
        Steer.PAUSE,
        now=now,
        signer=signer,
        throttle=room.desk.throttle,
        reason=f"by {LONG_ADDRESS}",
    )
    import_id = keep_file(
        database,
        BytesIO(READERS.encode()),
        name=f"{LONG[:100]}.csv",
        actor=ADMIN,
        confirmed=True,
        consent=f"{SCRIPT} {LONG}",
        reading=Reading(),
        now=now,
    )
    work_imports(database, signer, clock=room.clock, import_id=import_id)
    assert mine.reader_id is not None
    letter = LetterText(
        "asia-daily", f"{SCRIPT} {LONG[:100]}", f"Good day. {SCRIPT} {LONG}", "china"
    )
    with database.write() as connection:
        letter_id = add_letter(connection, letter, LONG_ADDRESS, now)
    return Filled(
        run_id=run_id,
        delivery_id=mine.id,
        reader_id=mine.reader_id,
        import_id=import_id,
        letter_id=letter_id,
        story_uid=LONG[:200],
        reader=mine.email,
        token=invited.link_token,
    )


def _welcome(room: Installation, email: str, name: str) -> None:
    now = room.clock() - timedelta(hours=2)
    new = NewReader(read_address(email), name, "en", "Asia/Seoul", f"{SCRIPT} {LONG}")
    add_confirmed_reader(room.desk.database, new, now=now)
    for expression in (
        "china",
        "(japan | taiwan) & trade & !(sport | economy) | " + " | ".join(["china & asia"] * 4),
    ):
        start_following(
            room.desk.database,
            email,
            "asia-daily",
            expression,
            Cadence.DAILY,
            now=now,
            source="test",
            cursor_at=now - timedelta(days=1),
        )


def _answer(message: Message) -> Outcome:
    """What a server might say: every kind of answer, and not in few words."""
    if message.recipient == NOUR:
        return Accepted(250, "250 2.0.0 Ok: queued as 4Xk1Zq0Y2Tz")
    match message.delivery_id % 5:
        case 0:
            return Refused(550, f"550 5.7.1 {SCRIPT} {LONG}")
        case 1:
            return Deferred(451, f"451 4.7.1 try again later: {LONG}")
        case 2:
            return InDoubt(f"the connection ended after the last byte: {LONG}")
    return Accepted(250, "250 2.0.0 Ok: queued as 4Xk1Zq0Y2Tz")


def _trouble(room: Installation) -> None:
    """A feed, a webhook and a mailbox that fail, and say so at length."""
    database, now = room.desk.database, room.clock()
    url = f"http://127.0.0.1:9/{'hook' * 60}"
    hook = add_webhook(
        database, url, [EventKind.DELIVERY_BOUNCED], https_only=False, actor=Actor(ADMIN), now=now
    )
    queue_webhook_test(database, hook.id, actor=Actor(ADMIN), now=now)
    with database.write() as connection:
        add_feed_row(connection, LONG_URL, (LONG[:80], ARABIC), timedelta(minutes=15), now)
        feed = find_feed(connection, LONG_URL)
        assert feed is not None
        record_failure(connection, feed, f"answered 500: {SCRIPT} {LONG}", now)
        claim_look(connection, BOUNCES, now)
        record_look(
            connection, BOUNCES, count=0, error=f"login refused: {LONG}", every=MINUTE, now=now
        )
