"""Style sheets are named by their content and kept for a year."""

import gzip
import re
from pathlib import Path

from starlette.testclient import TestClient

from mailer.web.application import make_app
from mailer.web.assets import Assets
from tests.web.conftest import Opener


def test_a_page_names_its_sheet_by_its_content(client: TestClient) -> None:
    page = client.get("/nowhere").text
    [address] = re.findall(r'href="(/assets/paper\.[0-9a-f]{12}\.css)"', page)
    sheet = client.get(address)
    assert sheet.headers["content-type"].startswith("text/css")
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "http" not in re.sub(r'a\[href\^="http"\]', "", sheet.text)
    assert client.get("/assets/paper.css").status_code == 404


def test_a_sheet_is_packed_for_those_who_take_it(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a{}" * 1000)
    (tmp_path / "b.css").write_text("b{}")
    assets = Assets([tmp_path])
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(assets.router())
    asked = TestClient(app)
    packed = asked.get(assets.address("a.css"))
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == "a{}" * 1000
    assert int(packed.headers["content-length"]) == len(gzip.compress(b"a{}" * 1000, mtime=0))
    plain = asked.get(assets.address("a.css"), headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in asked.get(assets.address("b.css")).headers


def test_a_folder_of_templates_replaces_sheets_and_pages(open_room: Opener, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "web" / "assets").mkdir(parents=True)
    (own / "web" / "assets" / "paper.css").write_text("body{color:teal}")
    (own / "web" / "failure.html").write_text('<link href="{{ asset("paper.css") }}">{{ code }}')
    with TestClient(make_app(open_room(templates=own))) as asked:
        page = asked.get("/nowhere").text
        [address] = re.findall(r'href="([^"]+)"', page)
        assert page.endswith("404")
        assert asked.get(address).text == "body{color:teal}"
