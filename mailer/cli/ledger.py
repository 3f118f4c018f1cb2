"""`mailer ledger …`."""

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, say
from mailer.cli.room import open_room
from mailer.flows.check_ledger import check_ledger
from mailer.store.ledger_invariants import Finding

app = typer.Typer(no_args_is_help=True)


@app.callback()
def ledger() -> None:
    """The ledger as a whole; its rows: 'mailer deliveries'."""


@app.command("check")
def check(as_json: JsonOption = False) -> None:
    """Check every invariant of the ledger, by SQL; changes nothing.

    Exit code 1 when one is broken, with the first ids that break it.
    """
    with open_room() as room:
        findings = check_ledger(room.desk.database, now=room.clock())
    broken = [finding for finding in findings if finding.count]
    if as_json:
        print_json(
            {
                "holds": not broken,
                "invariants": [
                    {
                        "name": finding.invariant.name,
                        "claim": finding.invariant.claim,
                        "of": finding.invariant.of,
                        "broken": finding.count,
                        "ids": list(finding.ids),
                    }
                    for finding in findings
                ],
            }
        )
    else:
        for finding in findings:
            state = _broken_words(finding) if finding.count else "holds"
            say(f"{finding.invariant.name:<24} {state}")
        say(f"{len(broken)} of {len(findings)} are broken" if broken else "all hold")
    if broken:
        raise typer.Exit(1)


def _broken_words(finding: Finding) -> str:
    ids = ", ".join(map(str, finding.ids)) + (", …" if finding.count > len(finding.ids) else "")
    return (
        f"BROKEN by {finding.count}: {finding.invariant.of} {ids}. "
        f"It says: {finding.invariant.claim}"
    )
