"""Add a newsletter."""

from dataclasses import replace

from mailer.core.addresses import read_address
from mailer.core.expressions import parse
from mailer.core.hygiene import clean_header
from mailer.core.locales import read_locale, read_timezone
from mailer.core.readers import OF_FOLLOWS, Newsletter
from mailer.core.tags import slugify
from mailer.errors import InputError
from mailer.store.database import Database
from mailer.store.newsletters import list_newsletters, save_newsletter
from mailer.store.tags import read_vocabulary


def add_newsletter(database: Database, newsletter: Newsletter) -> None:
    """Add a newsletter; raises InputError when its slug is taken or a part cannot be used."""
    if slugify(newsletter.slug) != newsletter.slug or not newsletter.slug.isascii():
        raise InputError(f"'{newsletter.slug}' is no slug: use lower-case letters, digits, dashes")
    newsletter = clean_newsletter(newsletter)
    with database.write() as connection:
        if any(there.slug == newsletter.slug for there in list_newsletters(connection)):
            raise InputError(f"a newsletter '{newsletter.slug}' exists already")
        parse(newsletter.base_expression, read_vocabulary(connection))
        save_newsletter(connection, newsletter)


def clean_newsletter(newsletter: Newsletter) -> Newsletter:
    """Return it with clean texts and readable addresses, languages and zone; raises InputError."""
    if odd := [cadence for cadence in newsletter.cadences if cadence not in OF_FOLLOWS]:
        raise InputError(f"'{odd[0]}' is no cadence of a newsletter: use {', '.join(OF_FOLLOWS)}")
    return replace(
        newsletter,
        name=clean_header(newsletter.name, 100),
        sender_name=clean_header(newsletter.sender_name, 100),
        sender_address=read_address(newsletter.sender_address).shown,
        reply_to=read_address(newsletter.reply_to).shown if newsletter.reply_to else "",
        locales=tuple(read_locale(locale) for locale in newsletter.locales),
        timezone=read_timezone(newsletter.timezone),
    )
