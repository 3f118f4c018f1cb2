"""Exports of other products: their readers, one by one, with flat memory.

listmonk (CSV of subscribers, JSON of its API), Mailchimp (the zip of an audience, or one CSV of
it), GovDelivery-like CSV with a line for each subscription, and Keila's CSV.
"""

import csv
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any, BinaryIO, Final

from mailer.core.newcomers import Newcomer, Standing
from mailer.errors import InputError
from mailer.ingest.csv_tables import CsvRow, CsvTable
from mailer.ingest.json_items import json_items
from mailer.ingest.reader_columns import plain_name

Reader = Callable[[BinaryIO, str, tuple[str, ...]], Iterator[Newcomer]]

_LISTMONK: Final = {
    "enabled": Standing.SUBSCRIBED,
    "disabled": Standing.BLOCKED,
    "blocklisted": Standing.BLOCKED,
}
_KEILA: Final = {
    "active": Standing.SUBSCRIBED,
    "unsubscribed": Standing.UNSUBSCRIBED,
    "unreachable": Standing.BOUNCED,
}
_MOST_UNPACKED = 1024**3
# Digests of GovDelivery are numbers of days; people write words.
_DIGESTS: Final = {
    "0": "instant", "immediate": "instant", "immediately": "instant", "realtime": "instant",
    "asithappens": "instant", "instant": "instant", "none": "instant", "1": "daily",
    "daily": "daily", "7": "weekly", "weekly": "weekly", "30": "monthly", "31": "monthly",
    "monthly": "monthly",
}  # fmt: skip


def read_listmonk(stream: BinaryIO, _name: str, _groups: tuple[str, ...]) -> Iterator[Newcomer]:
    """Read listmonk's export: CSV has no lists, the API's JSON has."""
    stream.seek(0)
    if stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        stream.seek(0)
        for number, item in enumerate(json_items(stream, "results"), 1):
            yield _listmonk_item(number, item)
        return
    with closing(CsvTable(stream, ("email", "attributes", "status", "uuid"))) as table:
        for row in table:
            yield _newcomer(
                row,
                {"email": row["email"], "name": row["name"], "consented_at": row["createdat"]},
                _LISTMONK.get(row["status"]),
                evidence=f"status {row['status']} since {row['updatedat'] or 'unknown'}",
            )


def _listmonk_item(number: int, item: Any) -> Newcomer:
    if not isinstance(item, dict):
        return Newcomer(number, {}, problem="no subscriber", mend="take it out")
    topics, left, unconfirmed = [], [], []
    lists = item.get("lists") or []
    for one in lists if isinstance(lists, list) else []:
        name = str(one.get("name", "")) if isinstance(one, dict) else ""
        if not name:
            continue
        state = str(one.get("subscription_status", ""))
        if state == "unsubscribed":
            left.append(name)
        elif state == "unconfirmed" and one.get("optin") != "single":
            # A list with single opt-in mails whoever is on it and never asks.
            unconfirmed.append(name)
        else:
            topics.append(name)
    status = str(item.get("status", ""))
    row = {
        "email": str(item.get("email", "")),
        "name": str(item.get("name", "")),
        "consented_at": str(item.get("created_at", ""))[:19],
    }
    standing = _LISTMONK.get(status)
    if standing is None:
        return Newcomer(number, row, problem=f"unknown status '{status}'", mend="see the export")
    return Newcomer(
        number,
        row,
        standing,
        tuple(topics),
        tuple(left),
        tuple(unconfirmed),
        evidence=f"status {status} since {str(item.get('updated_at', 'unknown'))[:19]}",
    )


def read_mailchimp(stream: BinaryIO, name: str, groups: tuple[str, ...]) -> Iterator[Newcomer]:
    """Read the zip of an audience's export, or one of its CSV files.

    Tags are topics, and so are the groups of the columns that `groups` names.
    """
    stream.seek(0)
    if not zipfile.is_zipfile(stream):
        stream.seek(0)
        yield from _mailchimp_file(stream, name, groups)
        return
    with zipfile.ZipFile(stream) as archive:
        files = [one for one in archive.infolist() if one.filename.casefold().endswith(".csv")]
        if not files:
            raise InputError("the zip holds no CSV file: export the audience anew")
        if sum(one.file_size for one in files) > _MOST_UNPACKED:
            raise InputError("the zip holds more than 1 GiB: unpack it and import file by file")
        # Who left first: a reader who is in two files is one we must not write to.
        files.sort(key=lambda one: _mailchimp_standing(one.filename, ()) is Standing.SUBSCRIBED)
        for one in files:
            with archive.open(one) as member:
                lines = _mailchimp_file(member, one.filename, groups)  # type: ignore[arg-type]
                yield from (replace(line, file=one.filename) for line in lines)


def _mailchimp_file(stream: BinaryIO, name: str, groups: tuple[str, ...]) -> Iterator[Newcomer]:
    columns = tuple(plain_name(group) for group in groups)
    with closing(CsvTable(stream, ("emailaddress", "memberrating", "optintime"))) as table:
        if missing := [
            g for g, column in zip(groups, columns, strict=True) if column not in table.names
        ]:
            raise InputError(f"the map names a group '{missing[0]}' that is no column of '{name}'")
        standing = _mailchimp_standing(name, table.names)
        for row in table:
            told = {
                "unsubscribed": row["unsubtime"],
                "because": row.first("unsubreason", "unsubreasonother"),
                "cleaned": row["cleantime"],
                "by campaign": row.first("unsubcampaigntitle", "cleancampaigntitle"),
            }
            yield _newcomer(
                row,
                {
                    "email": row["emailaddress"],
                    "first_name": row["firstname"],
                    "last_name": row["lastname"],
                    "consented_at": row.first("confirmtime", "optintime"),
                },
                standing,
                topics=(*_tags(row["tags"]), *(g for c in columns for g in _groups(row[c]))),
                evidence=", ".join(f"{what} {value}" for what, value in told.items() if value),
            )


def _mailchimp_standing(name: str, columns: tuple[str, ...]) -> Standing:
    plain = re.sub("[^a-z]", "", name.casefold().rpartition("/")[2])
    if "unsubtime" in columns or plain.startswith("unsubscribed"):
        return Standing.UNSUBSCRIBED
    if "cleantime" in columns or plain.startswith("cleaned"):
        return Standing.BOUNCED
    if plain.startswith(("nonsubscribed", "transactional")):
        return Standing.PENDING
    return Standing.SUBSCRIBED


def read_govdelivery(stream: BinaryIO, _name: str, _groups: tuple[str, ...]) -> Iterator[Newcomer]:
    """Read a line for each subscription: a subscriber, a topic's code, how often."""
    emails = ("email", "emailaddress", "subscriberemail", "subscriber", "destination", "contact")
    topics = ("topiccode", "topic", "code", "subscriptioncode", "subscription", "topicname")
    digests = ("digest", "digestfor", "frequency", "cadence", "deliverypreference", "preference")
    with closing(CsvTable(stream, (*emails, *topics, *digests))) as table:
        for row in table:
            said = row.first(*digests)
            cadence = _DIGESTS.get(re.sub("[^a-z0-9]", "", said.casefold()), said)
            email = row.first(*emails)
            status = row.first("status", "state").casefold()
            gone = status in ("unsubscribed", "deleted", "optedout", "opted out")
            bounced = status in ("bounced", "undeliverable", "inactive")
            telephone = not re.search("@|[a-z]", email) and email != ""
            yield _newcomer(
                row,
                {"email": email, "consented_at": row.first("createdat", "created", "subscribedat")},
                Standing.BOUNCED if bounced else Standing.SUBSCRIBED,
                topics=() if gone else tuple(filter(None, [row.first(*topics)])),
                left=tuple(filter(None, [row.first(*topics)])) if gone else (),
                cadence=cadence,
                evidence=f"status {status}",
                problem="a telephone number, no mail address" if telephone else "",
                mend="leave it out: mail goes to addresses only" if telephone else "",
            )


def read_keila(stream: BinaryIO, _name: str, _groups: tuple[str, ...]) -> Iterator[Newcomer]:
    """Read Keila's contacts; topics are the lists `tags` and `topics` of their data."""
    with closing(CsvTable(stream, ("email", "firstname", "lastname", "data", "status"))) as table:
        for row in table:
            data = _json(row["data"])
            lists = [data.get(field) for field in ("tags", "topics")]
            topics = [str(one) for each in lists if isinstance(each, list) for one in each]
            yield _newcomer(
                row,
                {
                    "email": row["email"],
                    "first_name": row["firstname"],
                    "last_name": row["lastname"],
                    "consented_at": row.first("doubleoptinat", "insertedat")[:19],
                },
                _KEILA.get(row["status"].casefold() or "active"),
                topics=tuple(topics),
                evidence=f"status {row['status']} since {row['updatedat'] or 'unknown'}",
            )


def _newcomer(
    row: CsvRow,
    fields: Mapping[str, str],
    standing: Standing | None,
    *,
    topics: tuple[str, ...] = (),
    left: tuple[str, ...] = (),
    cadence: str = "",
    evidence: str = "",
    problem: str = "",
    mend: str = "",
) -> Newcomer:
    if standing is None and not row.record.problem:
        problem, mend = f"unknown status '{row['status']}'", "see what the product says of it"
    return Newcomer(
        row.record.line,
        fields,
        standing or Standing.PENDING,
        topics,
        left,
        cadence=cadence,
        evidence=evidence,
        problem=row.record.problem or problem,
        mend=row.record.mend or mend,
        cells=row.record.cells,
        columns=row.columns,
    )


def _tags(cell: str) -> Iterator[str]:
    """Read tags, which stand in the cell as a line of CSV: "one","two"."""
    for tag in next(csv.reader([cell], skipinitialspace=True), []):
        if tag.strip():
            yield tag.strip()


def _groups(cell: str) -> Iterator[str]:
    r"""Read groups, parted by commas; a comma in a name stands as \,."""
    for group in re.split(r"(?<!\\),", cell):
        if group.strip():
            yield group.replace("\\,", ",").strip()


def _json(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text) if text else {}
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


PRODUCTS: Final[Mapping[str, Reader]] = {
    "listmonk": read_listmonk,
    "mailchimp": read_mailchimp,
    "govdelivery": read_govdelivery,
    "keila": read_keila,
}
