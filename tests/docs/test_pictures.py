"""Every picture of the documents is one that `make pictures` takes again, and none is left over."""

import re

from tests.docs.documents import CHECKOUT, PAGES
from tools.pictures import IMAGES, PICTURES

TAKEN = {name for picture in PICTURES for name, *_ in picture.files()}
# Those which nobody can take: they are drawn.
DRAWN = {"way-of-a-story.svg"}


def shown() -> set[str]:
    texts = [page.read_text() for page in (*PAGES, CHECKOUT / "README.md")]
    return {name for text in texts for name in re.findall(r'images/([\w.-]+)["\s)]', text)}


def test_every_picture_there_is_can_be_taken_again() -> None:
    assert {path.name for path in IMAGES.iterdir()} == TAKEN | DRAWN


def test_the_documents_show_pictures_that_there_are() -> None:
    assert shown() <= TAKEN | DRAWN
    assert len(shown()) > 15


def test_each_page_that_is_pictured_is_shown_somewhere() -> None:
    names = {name.rsplit("-", 2 if name.endswith("-dark.png") else 1)[0] for name in shown()}
    assert {picture.name for picture in PICTURES} <= names
