"""The site of docs/ builds without a warning, fetches nothing, and leads nowhere that is not."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

from tests.docs.documents import CHECKOUT, PAGES, blocks_of

_LINKS = (("a", "href"), ("link", "href"), ("img", "src"), ("script", "src"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict"),
            *("--config-file", CHECKOUT / "tools" / "mkdocs.yml", "--site-dir", folder),
        ],
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def links(page: Path) -> Iterator[tuple[str, str]]:
    for element in html.parse(page).iter():
        for tag, attribute in _LINKS:
            link = element.get(attribute)
            if element.tag == tag and link:
                yield tag, link


@pytest.mark.slow
def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    anchors: dict[Path, set[str]] = {}
    wrong = []
    count = 0
    for page in sorted(site.rglob("*.html")):
        if page.name == "404.html":  # Its links begin at the root of whatever host it is on.
            continue
        for tag, link in links(page):
            parts = urlsplit(link)
            if parts.scheme:
                if parts.scheme not in ("https", "http", "mailto", "data") or " " in link:
                    wrong.append((page.name, link))
                assert tag == "a" or parts.scheme == "data", f"{page.name} loads {link}"
                continue
            count += 1
            there = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
            if not there.is_file():
                wrong.append((page.name, link))
            elif parts.fragment and there.suffix == ".html":
                if there not in anchors:
                    anchors[there] = set(html.parse(there).xpath("//@id"))
                if unquote(parts.fragment) not in anchors[there]:
                    wrong.append((page.name, link))
    assert count > 500
    assert not wrong


@pytest.mark.slow
def test_every_page_of_docs_is_in_the_site_and_can_be_found_in_its_navigation(site: Path) -> None:
    listed = {urlsplit(link).path for tag, link in links(site / "index.html") if tag == "a"}
    for page in PAGES:
        if page.name == "README.md":
            continue
        path = page.relative_to(CHECKOUT / "docs").with_suffix(".html").as_posix()
        assert (site / path).is_file(), path
        assert path in listed, f"{path} is in no navigation"


def test_links_of_the_readme_lead_to_files() -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"\]\(([^)#]+)|src=\"([^\"]+)", text)
    assert len(found) > 5
    for link in (one or other for one, other in found):
        assert link.startswith("https://") or (CHECKOUT / link).exists(), link


def test_every_block_says_of_which_kind_it_is() -> None:
    known = {"console", "sh", "xml", "html", "jinja", "python", "toml", "ini", "text", "yaml"}
    for page in PAGES:
        for block in blocks_of(page):
            assert not block.kind or block.kind in known, f"{page.name}: {block.kind}"
