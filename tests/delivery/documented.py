"""The backend of docs/backends.md, installed as its reader would install it."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

_PAGE = Path(__file__).parents[2] / "docs" / "backends.md"
_MODULE = "mailer_pickup"


def install_documented_backend(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Write the page's code and entry point where Python finds an installed package."""
    page = _PAGE.read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (offer,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    points = tomllib.loads(offer)["project"]["entry-points"]["mailer.backends"]
    info = folder / f"{_MODULE}-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / f"{_MODULE}.py").write_text(code, encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {_MODULE}\nVersion: 1.0\n")
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[mailer.backends]\n{lines}")
    patch.syspath_prepend(folder)
    patch.delitem(sys.modules, _MODULE, raising=False)
