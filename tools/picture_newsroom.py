"""What the pictures show beyond the newsroom of `mailer demo`: what its desk did before."""

from dataclasses import dataclass
from io import BytesIO

from mailer.bootstrap import Installation
from mailer.core.addresses import read_address
from mailer.core.adhoc_letters import LetterText
from mailer.core.operators import Role
from mailer.core.reader_imports import Reading
from mailer.core.webhooks import EventKind
from mailer.flows.add_operator import add_operator
from mailer.flows.keep_imports import keep_file, work_imports
from mailer.flows.keep_webhooks import Actor, add_webhook, queue_webhook_test
from mailer.store.adhoc_letters import add_letter
from mailer.store.ledger_reading import list_deliveries
from mailer.store.readers import find_reader

OPERATOR = "desk@meridian.example"
PASSWORD = "pictures are taken of this desk"
_READER = "mina.park@example.org"
_READERS = """\
email,name,newsletter,follow,cadence
aiko.sato@example.org,Aiko Sato,asia-daily,japan & trade,daily
not an address,Somebody,asia-daily,china,daily
lena.brandt@example.org,Lena Brandt,asia-daily,taiwan & !sport,weekly
ravi.nair@example.org,Ravi Nair,asia-daily,(japan | taiwan,daily
"""
_LETTER = """\
Dear readers,

**on Friday** our correspondents answer your questions, live from Taipei. Write to us before noon.

- What will the summit decide?
- Who pays for the new harbour?
"""


@dataclass(frozen=True, slots=True)
class Places:
    """The ids and names by which pages are asked for."""

    reader: str
    reader_id: int
    subscription_id: int
    run_id: int
    import_id: int
    letter_id: int


def set_up(room: Installation) -> Places:
    """Add what a desk has done by the morning of the pictures."""
    database, now = room.desk.database, room.clock()
    actor = Actor(OPERATOR)
    add_operator(database, OPERATOR, role=Role.ADMIN, password=PASSWORD, actor="pictures", now=now)
    add_operator(database, "night@meridian.example", role=Role.EDITOR, actor=OPERATOR, now=now)
    hook = add_webhook(
        database,
        "https://crm.meridian.example/mailer",
        [EventKind.DELIVERY_BOUNCED],
        https_only=True,
        actor=actor,
        now=now,
    )
    queue_webhook_test(database, hook.id, actor=actor, now=now)
    import_id = keep_file(
        database,
        BytesIO(_READERS.encode()),
        name="autumn-fair.csv",
        actor=OPERATOR,
        confirmed=True,
        consent="Signed up at our stand at the autumn fair",
        reading=Reading(),
        now=now,
    )
    work_imports(database, room.desk.signer, clock=room.clock, import_id=import_id)
    letter = LetterText("asia-daily", "Ask our correspondents", _LETTER, "china | taiwan")
    with database.write() as connection:
        letter_id = add_letter(connection, letter, OPERATOR, now)
        reader = find_reader(connection, read_address(_READER))
        mails = list_deliveries(connection, limit=100)
    mine = next(mail for mail in mails if mail.email == _READER and mail.run_id is not None)
    if mine.run_id is None or mine.subscription_id is None:
        raise LookupError(f"the demo has no digest for {_READER}")
    return Places(_READER, reader.id, mine.subscription_id, mine.run_id, import_id, letter_id)
