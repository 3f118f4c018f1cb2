"""Alembic's entry: runs on the connection that `mailer.store.database.upgrade` opened."""

from alembic import context

import mailer.store.adhoc_letter_tables  # its tables join the metadata
import mailer.store.api_tables  # the same
import mailer.store.bounce_tables  # the same
import mailer.store.correction_tables  # the same
import mailer.store.edition_tables  # the same
import mailer.store.epoch_tables  # the same
import mailer.store.feed_tables  # the same
import mailer.store.hook_tables  # the same
import mailer.store.import_tables  # the same
import mailer.store.ledger_tables  # the same
import mailer.store.mailbox_tables  # the same
import mailer.store.operator_tables  # the same
import mailer.store.reader_tables  # the same
import mailer.store.webhook_tables  # noqa: F401 - the same
from mailer.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
