"""Every command by name, with its line of help; its module is imported when it is asked for.

Measured on a command that asks the database one question: 2.0 s of processor time with all
modules, half of it for commands nobody had typed.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from mailer.cli.examples import show_examples


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is written, as `module:name` in this package, and what help says of it."""

    place: str
    line: str


# By the panels of `mailer --help`. A test holds each line to the command's own first sentence.
COMMANDS: Final = {
    "To begin": {
        "demo": Entry(
            "demo:demo",
            "See it work: seed a newsroom, send its daily digest and an alert, show what came "
            "of it.",
        ),
        "up": Entry(
            "serving:up",
            "Run everything in this process, without any service: pages, schedules, alerts, "
            "sending.",
        ),
        "doctor": Entry(
            "doctor:doctor",
            "Look at settings, database, broker, mail server, DNS and templates; each line has "
            "its mend.",
        ),
        "seed": Entry(
            "database:seed",
            "Load the seed newsroom: stories, tags, newsletters, schedules and invented readers.",
        ),
    },
    "Stories and newsletters": {
        "stories": Entry(
            "stories:app", "Stories: import, add, list, show, edit, correct, retract."
        ),
        "feeds": Entry("feeds:app", "Polled feeds: add, list, poll, pause, resume, remove."),
        "tags": Entry("tags:app", "Tags: list, add, rename, merge, alias, parent."),
        "newsletters": Entry("newsletters:app", "Newsletters: list, show, add, edit."),
        "letters": Entry(
            "letters:app",
            "Letters that operators write: add, list, show, test, send, pause, resume, cancel, "
            "remove.",
        ),
        "schedules": Entry(
            "schedules:app", "When issues are due: add, list, next, pause, resume, remove."
        ),
        "expression": Entry("expressions:app", "Tag expressions: check one."),
    },
    "Readers": {
        "readers": Entry(
            "readers:app",
            "Readers: import, list, show, pause, quiet, quiet-follows, export, erase.",
        ),
        "follow": Entry(
            "follows:follow",
            "Let a reader follow an expression, or change the cadence of one she follows.",
        ),
        "unfollow": Entry(
            "follows:unfollow", "End a reader's follow, however its expression is written."
        ),
        "mute": Entry("follows:mute", "Keep stories that match out of all of a reader's mails."),
        "unmute": Entry("follows:unmute", "Take a mute back."),
        "suppressions": Entry("suppressions:app", "Addresses that get nothing: list, add, remove."),
        "import": Entry(
            "migrating:import_product",
            "Import readers from listmonk, Mailchimp, GovDelivery or Keila, or a whole export of "
            "ours.",
        ),
        "export": Entry(
            "migrating:export",
            "Export everything but the ledger: readers, follows, consents, suppressions, stories.",
        ),
    },
    "Mails before they go": {
        "plan": Entry(
            "plans:plan", "Dry run: which reader would get which story, and why. Writes nothing."
        ),
        "preview": Entry(
            "previews:preview",
            "Show the very mail a reader would get, writing nothing to the ledger.",
        ),
        "send-test": Entry(
            "testing:send_test_mail",
            'Mail a reader\'s digest to an operator, with "[Preview]" before its subject.',
        ),
        "lint": Entry(
            "linting:lint",
            "Check mails: support by client, size, links, headings, contrast, headers, "
            "inliner's traps.",
        ),
        "templates": Entry(
            "templates:app",
            "The templates of mails, three files in a folder each: list, new, check.",
        ),
    },
    "Sending": {
        "send": Entry(
            "plans:send",
            "Run a newsletter's cadence now. The same moment again is the same run, and sends "
            "nothing.",
        ),
        "tick": Entry(
            "schedules:tick",
            "Open the runs that should exist by now and don't; 'mailer drain' then sends them.",
        ),
        "runs": Entry("runs:app", "Runs: list, show, watch, pause, resume, cancel, retry."),
        "deliveries": Entry("deliveries:app", "Deliveries: list, show, doubtful, resolve."),
        "explain": Entry(
            "explanations:explain", "Say why this reader got, or did not get, this story."
        ),
        "ledger": Entry("ledger:app", "The ledger: check every promise by SQL."),
        "bounces": Entry("bounces:app", "Bounces and complaints: ingest, poll, list."),
        "domains": Entry("domains:domains_app", "Recipients' domains that wait: list."),
        "relays": Entry("domains:relays_app", "Relays that took nothing up: list, reopen."),
    },
    "Parts for many machines": {
        "web": Entry("serving:web", "Serve the pages of readers, operators and programs."),
        "worker": Entry(
            "serving:worker",
            "Plan and deliver what the bells of the broker announce; start any number, anywhere.",
        ),
        "beat": Entry(
            "serving:beat",
            "Ring the clock's bells; several beats do no harm, since a slot runs once.",
        ),
        "drain": Entry(
            "serving:drain", "Plan and deliver everything that is due, without any broker."
        ),
        "db": Entry("database:app", "The database's schema: upgrade, check; purge what is old."),
        "accept-restore": Entry(
            "database:accept_restore",
            "Let a restored or cloned database send again. Look at 'mailer runs list' before.",
        ),
    },
    "People and programs": {
        "operators": Entry("operators:app", "Operators: add, list, edit, end."),
        "keys": Entry("keys:app", "Keys of programs: add, list, revoke."),
        "audit": Entry("audit:app", "The audit log of changes: list."),
        "webhooks": Entry(
            "webhooks:app",
            "Programs that we call: add, list, remove, test, rotate, enable, deliveries, retry.",
        ),
        "hooks": Entry("hooks:app", "Mail services that call us: list, refused."),
        "dkim": Entry("dkim:app", "DKIM: make a new key, show its DNS records."),
    },
}


class Commands(TyperGroup):
    """The root of the command line: it knows all names and loads one command at a time."""

    def __init__(self, **words: Any) -> None:
        words["commands"] = {
            name: _Unloaded(name, entry, panel)
            for panel, entries in COMMANDS.items()
            for name, entry in entries.items()
        }
        super().__init__(**words)

    def load_all(self) -> None:
        """Put the commands themselves in the places of their names: for who walks the tree."""
        self.commands.update(
            {
                name: each.load() if isinstance(each, _Unloaded) else each
                for name, each in self.commands.items()
            }
        )


class _Unloaded(TyperCommand):
    """A command's name and line, which is all that help and completion of the root show."""

    def __init__(self, name: str, entry: Entry, panel: str) -> None:
        super().__init__(name, help=entry.line, rich_help_panel=panel)
        self._entry = entry

    def make_context(self, info_name: str | None, args: list[str], **words: Any) -> Any:  # type: ignore[override]
        """Read the words behind the name: the command itself does, from here on."""
        return self.load().make_context(info_name, args, **words)

    def load(self) -> Any:
        """Import the command's module and return what typer makes of it."""
        module, _, attribute = self._entry.place.partition(":")
        found = getattr(import_module(f"mailer.cli.{module}"), attribute)
        holder = typer.Typer(add_completion=False)
        name = str(self.name)
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=name, help=self._entry.line)
        else:
            holder.command(name)(found)
        show_examples(holder)
        return typer.main.get_group(holder).commands[name]
