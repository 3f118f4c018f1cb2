"""A ledger of any size on PostgreSQL: the mails of past mornings, written by the server itself."""

from datetime import datetime, timedelta

from sqlalchemy import text

from bench.newsroom import NOW
from mailer.store.database import Database

# Rows that were never sent pass no arrow of the state machine, so its triggers are left out.
_QUIET = text("SET LOCAL session_replication_role = replica")
_RUN = text("""
INSERT INTO runs (id, slot_key, newsletter_id, cadence, as_of, state, created_at, finished_at)
VALUES (:run, 'bench:' || :run, 1, 'daily', :at, 'done', :at, :at)
""")
# One mail in fifty was refused: a dashboard that only meets one state reads one page of an index.
_MAILS = text("""
INSERT INTO deliveries (id, key, message_id, run_id, reader_id, subscription_id, email, email_key,
    name, locale, timezone, format, state, state_reason, attempt_count, not_before_at, expires_at,
    reply_code, reply, planned_at, settled_at, kind)
SELECT (:run - 1) * :readers + id, 'digest:bench:' || :run || ':' || id,
    '<' || md5(:run || ':' || id) || '@bench.example>', :run, id, id, email, email_key,
    name, 'en', 'UTC', 'html', CASE WHEN id % 50 = 0 THEN 'refused' ELSE 'accepted' END, '', 1,
    :at, CAST(:at AS timestamptz) + interval '1 day', CASE WHEN id % 50 = 0 THEN 550 ELSE 250 END,
    'as the server said it', :at, :at, 'digest'
FROM readers
""")
_ITEMS = text("""
INSERT INTO delivery_items
    (delivery_id, position, reader_id, story_id, revision, section, shown, follow_ids, given)
SELECT (:run - 1) * :readers + r.id, n, r.id, 1 + (:run * :items + n) % 200, :run, 0, 'full',
    '[1]', r.id % 50 <> 0
FROM readers r, generate_series(0, :items - 1) n
""")


def fill_ledger(database: Database, readers: int, *, runs: int, items: int) -> int:
    """Write past runs, each a mail of so many items to every reader; gives the rows written."""
    for run in range(1, runs + 1):
        at: datetime = NOW - timedelta(days=runs - run + 1)
        with database.write() as connection:
            connection.execute(_QUIET)
            connection.execute(_RUN, {"run": run, "at": at})
            given = {"run": run, "readers": readers}
            connection.execute(_MAILS, given | {"at": at})
            connection.execute(_ITEMS, given | {"items": items})
    with database.write() as connection:
        for table in ("runs", "deliveries"):
            last = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            connection.execute(text(last))
        connection.execute(text("ANALYZE"))
    return runs * readers * (1 + items)
