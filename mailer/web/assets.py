"""Style sheets, scripts and pictures: read once, named by their content, kept by browsers."""

import gzip
import hashlib
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

_WORTH_PACKING = 1_000


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    packed: bytes
    media_type: str


class Assets:
    """The files of several folders; one in an earlier folder replaces one in a later."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._assets: dict[str, _Asset] = {}
        self._addresses: dict[str, str] = {}
        for folder in folders:
            for path in sorted(folder.glob("*")):
                if path.is_file() and path.name not in self._addresses:
                    self._add(path)

    def address(self, name: str) -> str:
        """Return the address of a file; a template that names none is told so."""
        try:
            return self._addresses[name]
        except KeyError as error:
            raise LookupError(
                f"no asset '{name}': there are {', '.join(self._addresses)}"
            ) from error

    def router(self) -> APIRouter:
        """Return the router that serves them."""
        router = APIRouter(include_in_schema=False)

        @router.get("/assets/{name}")
        def asset(request: Request, name: str) -> Response:
            found = self._assets.get(name)
            if found is None:
                raise HTTPException(404)
            headers = {
                "Cache-Control": "public, max-age=31536000, immutable",
                "Vary": "Accept-Encoding",
            }
            content = found.content
            if found.packed and "gzip" in request.headers.get("accept-encoding", ""):
                headers["Content-Encoding"] = "gzip"
                content = found.packed
            return Response(content, media_type=found.media_type, headers=headers)

        return router

    def _add(self, path: Path) -> None:
        content = path.read_bytes()
        mark = hashlib.blake2b(content, digest_size=6).hexdigest()
        name = f"{path.stem}.{mark}{path.suffix}"
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        is_text = kind.startswith("text/") or kind.endswith(("javascript", "svg+xml"))
        packed = (
            gzip.compress(content, mtime=0) if is_text and len(content) > _WORTH_PACKING else b""
        )
        self._assets[name] = _Asset(content, packed, kind)
        self._addresses[path.name] = f"/assets/{name}"
