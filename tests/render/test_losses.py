"""Templates can be replaced, and what a template loses is told, never sent."""

from dataclasses import replace
from pathlib import Path

import pytest

from mailer.errors import RenderError
from tests.render.newsroom import (
    NEWSLETTER,
    VOCABULARY,
    a_letter,
    a_renderer,
    a_section,
    a_story,
)

RENDERER = a_renderer()


def test_a_template_can_be_replaced_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    own = tmp_path / "email" / "evening"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("Evening: {{ mail.lead.title }}\n")
    (own / "body.txt").write_text('{% extends "digest/body.txt" %}')
    (own / "body.html").write_text('{% extends "digest/body.html" %}')
    evening = a_letter(newsletter=replace(NEWSLETTER, template="evening"))
    renderer = a_renderer(overrides=tmp_path)
    assert renderer.render(evening, VOCABULARY).subject.startswith("Evening: Dandong")
    assert renderer.render(a_letter(), VOCABULARY) == RENDERER.render(a_letter(), VOCABULARY)
    with pytest.raises(RenderError, match=r"no template 'evening/subject\.txt'|evening/body\.txt"):
        RENDERER.render(evening, VOCABULARY)


def lost(tmp_path: Path, part: str, template: str) -> str:
    folder = tmp_path / "email" / "digest"
    folder.mkdir(parents=True)
    (folder / part).write_text(template)
    with pytest.raises(RenderError) as caught:
        a_renderer(overrides=tmp_path).render(
            a_letter(a_section(a_story(1), a_story(2))), VOCABULARY
        )
    return str(caught.value)


BASE = '{% extends "_base/base.html" %}{% block stories %}'


@pytest.mark.parametrize(
    ("part", "template", "named"),
    [
        ("body.html", BASE + "{{ mail.lead.title }}{% endblock %}", "the story 'Story number 2'"),
        ("body.html", BASE + "{% endblock %}{% block footer %}{% endblock %}", "unsubscribe link"),
        ("body.html", BASE + "<div>" * 300 + "{% endblock %}", "the end of the page"),
        ("body.html", "<p>{{ mail.name }}</p>", "no </body>"),
        ("body.html", BASE + '<link rel="stylesheet" href="x.css">{% endblock %}', "has a <link>"),
        ("body.txt", "{{ mail.lead.url }}", "lost a link to 'Story number 2'"),
        ("body.txt", "{% for i in mail.items %}{{ i.url }}\n{% endfor %}", "the unsubscribe link"),
        ("body.txt", "\n\n{{ mail.nothing }}", "digest/body.txt, line 3: no 'nothing'"),
        ("subject.txt", "{% if %}", "digest/subject.txt, line 1"),
        ("subject.txt", " \n ", "gives no subject"),
    ],
)
def test_what_a_template_loses_is_named(
    tmp_path: Path, part: str, template: str, named: str
) -> None:
    assert named in lost(tmp_path, part, template)
