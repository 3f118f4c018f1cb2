"""Refreshes the table of what mail clients show: `make caniemail` (VERSION=x.y.z for another).

The data are those of caniemail.com, taken from the package `caniemail` of the npm registry (MIT).
Only the newest tested version of each client is kept, as one letter: y yes, a partly, n no,
u unknown.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent.parent / "mailer" / "render" / "lint" / "caniemail.json"
LICENCE = TABLE.with_name("caniemail.LICENSE")
VERSION = "2.0.2"


def prune(data: dict[str, Any], version: str) -> dict[str, Any]:
    """Return the table: clients in a fixed order, and for each feature a letter for each client."""
    clients = sorted(
        {
            f"{family}.{platform}"
            for feature in data["data"]
            for family, platforms in feature["stats"].items()
            for platform in platforms
        }
    )
    return {
        "source": f"https://www.caniemail.com, by the npm package caniemail {version}",
        "licence": "MIT, see caniemail.LICENSE",
        "updated_on": data["last_update_date"][:10],
        "families": data["nicenames"]["family"],
        "clients": clients,
        "features": {
            feature["slug"]: {
                "title": feature["title"],
                "support": "".join(_letter(feature["stats"], client) for client in clients),
            }
            for feature in sorted(data["data"], key=lambda each: each["slug"])
        },
    }


def _letter(stats: dict[str, Any], client: str) -> str:
    family, _, platform = client.partition(".")
    versions = stats.get(family, {}).get(platform)
    if not versions:
        return "u"
    # The newest comes last in each feature's own order.
    return str(list(versions.values())[-1]).split()[0]


def main() -> None:
    """Fetch the package by npm, which checks its hash, and write the table and its licence."""
    version = sys.argv[1] if len(sys.argv) > 1 else VERSION
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", "--silent", f"caniemail@{version}"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with tarfile.open(Path(folder) / f"caniemail-{version}.tgz") as archive:
            data = json.loads(_read(archive, "package/data/caniemail.json"))
            licence = _read(archive, "package/LICENSE").decode("utf-8")
    table = prune(data, version)
    TABLE.write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    LICENCE.write_text(licence, encoding="utf-8")
    print(f"{len(table['features'])} features of {table['updated_on']}, {TABLE.stat().st_size} B")


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise SystemExit(f"{name} is not in the package: its layout has changed")
    return file.read()


if __name__ == "__main__":
    main()
