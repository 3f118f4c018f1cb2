"""Stamped letters are the letters a template draws for each reader by itself (I7)."""

import re
from dataclasses import replace

import pytest
from lxml import html

from mailer.core.adhoc_letters import read_letter_text
from mailer.core.notices import Notice, Occasion, Told
from mailer.core.readers import MailFormat
from mailer.errors import InputError
from mailer.render.adhoc_letters import draw_letter
from mailer.render.links import Links
from mailer.render.notice_pages import draw_notice
from mailer.render.notice_views import view_notice
from mailer.render.pages import Pages
from mailer.render.stamps import Stamps
from tests.render.newsroom import AS_OF, NEWSLETTER, SIGNER, SITE

SOURCE = """Dear {{ name or 'reader' }},

# {{ newsletter }} moves

**{% if name %}{{ name }}, we{% else %}We{% endif %}** go to [seven](https://n.example/?a=1&b=2).

- no `{{ name }}`
"""


def letter_to(name: str, email: str, *, format: MailFormat = MailFormat.HTML) -> Notice:
    text = read_letter_text("asia-daily", "New hours & more", SOURCE, "*")
    return Notice(
        occasion=Occasion.LETTER,
        key="letter",
        message_id="<a@meridian.example>",
        newsletter=NEWSLETTER,
        as_of=AS_OF,
        reader_id=7,
        subscription_id=len(name) + 1,
        email=email,
        name=name,
        locale="en",
        timezone="UTC",
        format=format,
        told=Told({}, {}),
        written=draw_letter(text, NEWSLETTER, SITE),
    )


def dom(page: str) -> str:
    return str(html.tostring(html.fromstring(page), encoding="unicode")) if page else ""


def test_a_stamped_letter_is_what_the_template_draws_for_that_reader() -> None:
    templates = Pages().templates
    stamps = Stamps(templates)
    links = Links(SITE, SIGNER)
    readers = [
        ("Ada", "ada@r.example"),
        ('"><script>alert(1)</script> & Söhne', "o'neill+a&b@r.example"),
        ("", "nobody@r.example"),
        ("*Bo* [x](https://e.example)", "bo@r.example"),
        ("姓名 {{ name }}", "x" * 60 + "@r.example"),
    ]
    for name, email in readers:
        for format in MailFormat:
            notice = letter_to(name, email, format=format)
            view = view_notice(notice, SITE, links)
            stamped = stamps.draw(notice, view)
            plain = draw_notice(templates, notice, view)
            assert " ".join(stamped.text.split()) == " ".join(plain.text.split())
            assert dom(stamped.html) == dom(plain.html)
            assert "<script" not in stamped.html
            assert not re.search(r"stamp\.invalid|[78]\d{20}", stamped.html + stamped.text)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("[me](https://e.example/{{ name }})", "address of a link"),
        ("<https://{{ name }}/>", "address of a link"),
        ("Dear {{ name[:1] }}.", "as it is"),
        ("You have {{ name | length }} letters", "as it is"),
        ("{% set a = name %}{{ a | first }}x", "as it is"),
        ("{% if name == 'Ada' %}dear{% endif %} name", "as it is"),
        ("{% if name > 'M' %}late{% else %}early{% endif %}", "as it is"),
        ("> " * 9000 + "x", "says nothing"),
        ("{{ site.__class__ }}", "unsafe"),
    ],
)
def test_a_letter_that_would_be_wrong_for_some_is_refused(source: str, told: str) -> None:
    text = read_letter_text("asia-daily", "Hello", source, "*")
    with pytest.raises(InputError, match=told):
        draw_letter(text, NEWSLETTER, SITE)


def test_two_letters_of_one_day_never_share_a_stamp() -> None:
    stamps, links = Stamps(Pages().templates), Links(SITE, SIGNER)
    first = letter_to("Ada", "ada@r.example")
    assert first.written is not None
    other = replace(first, written=replace(first.written, text="Other.", html="<p>Other.</p>"))
    assert "Other." not in stamps.draw(first, view_notice(first, SITE, links)).html
    assert "Other." in stamps.draw(other, view_notice(other, SITE, links)).html
