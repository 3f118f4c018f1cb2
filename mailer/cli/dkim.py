"""`mailer dkim …`: keys to sign mail with, and what DNS must say of them."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mailer.bootstrap import dkim_signer
from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, say
from mailer.core.hygiene import clean_header
from mailer.delivery.dkim_keys import new_dkim_key, read_dkim_domains, read_dkim_keys
from mailer.errors import InputError
from mailer.settings import read_settings

app = typer.Typer(no_args_is_help=True)
_STRING = 255  # The longest string inside a TXT record: RFC 1035 section 3.3.14.


@app.command("new")
def new(
    selector: Annotated[
        str, typer.Argument(metavar="SELECTOR", help="A name for the key, such as s2026a.")
    ],
    domain: Annotated[str, typer.Option(help="The domain of your From addresses.")],
    out: Annotated[Path, typer.Option(help="Where the private key is written.")] = Path("dkim.pem"),
    ed25519: Annotated[
        bool,
        typer.Option("--ed25519", help="Ed25519 instead of RSA-2048; beside RSA, never alone."),
    ] = False,
) -> None:
    """Make a key, write it where only you can read it, and print what to put into DNS."""
    pem = new_dkim_key(ed25519=ed25519)
    (key,) = read_dkim_keys(selector, pem)
    domains = read_dkim_domains(domain)
    if not domains:
        raise InputError("--domain is empty: write it like news.example.com")
    try:
        file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise InputError(f"'{out}' exists: a key in use must not be lost, name another") from error
    except OSError as error:
        raise InputError(f"cannot write '{out}': {error.strerror}") from error
    with os.fdopen(file, "w", encoding="ascii") as stream:
        stream.write(pem)
    say(f"wrote {out}; publish it in DNS first, then set")
    say(f"  MAILER_DKIM_DOMAIN={','.join(domains)}")
    say(f"  MAILER_DKIM_SELECTOR={key.selector}")
    say(f"  MAILER_DKIM_KEY_FILE={out.resolve()}")
    for each in domains:
        _print_record(key.dns_name(each), key.record)


@app.command("show")
def show(as_json: JsonOption = False) -> None:
    """Show the DNS records of the keys in the settings; the keys themselves are never shown."""
    signer = dkim_signer(read_settings())
    records = [
        {
            "domain": domain,
            "selector": key.selector,
            "algorithm": key.algorithm,
            "bits": key.bits,
            "name": key.dns_name(domain),
            "record": key.record,
        }
        for domain in (signer.domains if signer else ())
        for key in (signer.keys if signer else ())
    ]
    if as_json:
        print_json(records)
        return
    if not records:
        say("mail is not signed: 'mailer dkim new SELECTOR --domain DOMAIN' makes a key")
    for record in records:
        say(f"{record['algorithm']}, {record['bits']} bits")
        _print_record(str(record["name"]), str(record["record"]))


def _print_record(name: str, record: str) -> None:
    """Print a record as zone files have it: strings of at most 255 characters, side by side."""
    strings = [record[start : start + _STRING] for start in range(0, len(record), _STRING)]
    quoted = " ".join(f'"{each}"' for each in strings)
    say(f"  {clean_header(name)}. IN TXT ( {quoted} )")
