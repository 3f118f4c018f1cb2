"""Where templates are found, and how a mistake in one is told."""

import gettext
from pathlib import Path
from typing import Any

import jinja2
import pytest

import mailer
from mailer.errors import RenderError
from mailer.render.environment import Templates, compact, packaged_templates, tidy
from mailer.render.speech import Speech, speech_of


def rendered(folder: Path, name: str, text: str, **values: object) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return Templates([folder]).render(name, speech_of("en"), **values)


def test_html_escapes_and_text_does_not(tmp_path: Path) -> None:
    assert rendered(tmp_path, "a.html", "{{ x }}", x="<b>&") == "&lt;b&gt;&amp;"
    assert rendered(tmp_path, "a.txt", "{{ x }}", x="<b>&") == "<b>&"


def test_languages_share_what_was_compiled_until_the_template_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str | None] = []
    compile = jinja2.Environment.compile

    def counted(self: jinja2.Environment, source: str, name: str | None, *rest: Any) -> Any:
        compiled.append(name)
        return compile(self, source, name, *rest)

    monkeypatch.setattr(jinja2.Environment, "compile", counted)
    (tmp_path / "a.txt").write_text("{{ gettext('Unsubscribe') }}", encoding="utf-8")
    said = {
        Templates([tmp_path]).render("a.txt", speech_of(locale)) for locale in ("en", "it", "ko")
    }
    assert len(said) == 3
    assert compiled == ["a.txt"]
    assert rendered(tmp_path, "a.txt", "another") == "another"
    assert compiled == ["a.txt", "a.txt"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one\n{% if %}", "a.txt, line 2: Expected an expression"),
        ("one\ntwo\n{{ x.y }}", "a.txt, line 3: 'x' is not known"),
        ("{{ 1 / 0 }}", "a.txt, line 1: ZeroDivisionError"),
        ("{% include 'b.txt' %}", "no template 'b.txt' (wanted by 'a.txt')"),
        ("{% include '../../etc/passwd' %}", "no template '../../etc/passwd'"),
        ("{{ x | nofilter }}", "a.txt, line 1: No filter named 'nofilter'"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RenderError) as caught:
        rendered(tmp_path, "a.txt", text)
    assert told in str(caught.value)


def test_an_earlier_folder_wins_and_can_build_on_a_later(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    (other / "base.txt").write_text(
        "{% block a %}theirs{% endblock %} {% block b %}b{% endblock %}"
    )
    (other / "a.txt").write_text("theirs")
    (own / "a.txt").write_text("{% extends 'base.txt' %}{% block a %}ours{% endblock %}")
    assert Templates([own, other]).render("a.txt", speech_of("en")) == "ours b"


def test_words_go_through_the_catalogue_of_the_speech(tmp_path: Path) -> None:
    class Shouting(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return message.upper()

        def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
            return (msgid1 if n == 1 else msgid2).upper()

    loud = Speech("en")
    loud.translations, loud.language = Shouting(), "loud"
    (tmp_path / "a.txt").write_text("{% trans %}see also{% endtrans %} {{ gettext('more') }}")
    assert Templates([tmp_path]).render("a.txt", loud) == "SEE ALSO MORE"
    assert loud.say("all stories") == "ALL STORIES"


def test_templates_are_found_in_a_checkout_and_in_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "mailer"
    package.mkdir()
    monkeypatch.setattr(mailer, "__file__", str(package / "__init__.py"))
    assert packaged_templates() == tmp_path / "templates"
    (package / "_data" / "templates").mkdir(parents=True)
    assert packaged_templates() == package / "_data" / "templates"


def test_html_is_compacted_and_text_tidied() -> None:
    assert compact("<p>\n\n   one\n  </p>\n") == "<p>\none\n</p>"
    assert tidy("\n\none  \n\n\n\ntwo\n\n") == "one\n\ntwo\n"
