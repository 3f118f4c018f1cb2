"""A hook of mkdocs: folders in the navigation stand for their pages, and no page is left out.

A name in it that is no file yet is passed over; a page that was renamed is found under "More".
"""

from pathlib import Path
from typing import Any


def on_config(config: Any) -> Any:
    """Fill in the navigation: `folder/` becomes its pages; what nobody named ends the list."""
    folder = Path(config["docs_dir"])
    named: set[str] = set()
    config["nav"] = [_filled(entry, folder, named) for entry in config["nav"]]
    pages = {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")}
    left = sorted(pages - named)
    if left:
        config["nav"].append({"More": left})
    return config


def _is_there(entry: Any, folder: Path) -> bool:
    names = entry.values() if isinstance(entry, dict) else [entry]
    return all(isinstance(name, list) or (folder / name).exists() for name in names)


def _filled(entry: Any, folder: Path, named: set[str]) -> Any:
    if isinstance(entry, dict):
        return {title: _filled(below, folder, named) for title, below in entry.items()}
    if isinstance(entry, list):
        return [_filled(each, folder, named) for each in entry if _is_there(each, folder)]
    if not entry.endswith("/"):
        named.add(entry)
        return entry
    pages = sorted(path.relative_to(folder).as_posix() for path in (folder / entry).glob("*.md"))
    named.update(pages)
    return pages
