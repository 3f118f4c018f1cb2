"""`mailer templates`, and the newcomer's walk through docs/templates.md as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Mailer

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "templates.md"


def steps() -> list[tuple[str, str]]:
    """The blocks of the walk: a shell command a line, or a file with its path in its first line."""
    walk = DOCUMENT.read_text(encoding="utf-8").split("\n## ")[1]
    return re.findall(r"```(sh|html|jinja)\n(.*?)```", walk, re.DOTALL)


def test_a_newcomer_can_walk_through_the_document(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outputs: dict[str, str] = {}
    for kind, block in steps():
        if kind != "sh":
            first, _, text = block.partition("\n")
            path = tmp_path / first.removeprefix("{# ").removesuffix(" #}")
            assert path.is_file(), f"{path} is written by no step before"
            path.write_text(text, encoding="utf-8")
            continue
        for line in block.splitlines():
            words = shlex.split(line)
            if words[0] == "export":
                name, _, value = words[1].partition("=")
                monkeypatch.setenv(name, value)
                continue
            assert words[0] == "mailer"
            result = mailer(*words[1:])
            assert result.code == 0, f"{line}\n{result.out}{result.err}"
            outputs[line] = result.out
    assert len(outputs) >= 9
    drawn = outputs["mailer preview evening --part html"]
    assert "Tonight" in drawn
    assert "stories for you" in drawn
    mine = next(out for line, out in outputs.items() if "--reader" in line)
    assert "Subject: The Meridian Daily: " in mine


def test_the_mistake_of_the_document_is_told_as_it_says(
    mailer_alone: Mailer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAILER_TEMPLATES", "my-templates")
    assert mailer_alone("templates", "new", "evening").code == 0
    html = next(block for kind, block in steps() if kind == "html").partition("\n")[2]
    wrong = html.replace("mail.newsletter }}", "mail.newsleter }}")
    # The line in the document counts the comment that `templates new` leaves at the top.
    path = tmp_path / "my-templates" / "email" / "evening" / "body.html"
    path.write_text("{# evening #}\n" + wrong, encoding="utf-8")
    told = mailer_alone("preview", "evening").err.replace(f"{tmp_path}/", "")
    said = DOCUMENT.read_text(encoding="utf-8").partition("$ mailer preview evening\n")[2]
    assert told.strip() == said.partition("```")[0].strip()


def test_a_new_template_works_at_once_and_is_never_overwritten(
    mailer_alone: Mailer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = mailer_alone("templates", "new", "weekend")
    assert made.code == 0
    assert "export MAILER_TEMPLATES=templates" in made.out
    monkeypatch.setenv("MAILER_TEMPLATES", "templates")
    assert mailer_alone("templates", "check", "weekend").code == 0
    names = [row["name"] for row in mailer_alone("templates", "list", "--json").json]
    assert "weekend" in names
    again = mailer_alone("templates", "new", "weekend")
    assert (again.code, "is there already" in again.err) == (2, True)


@pytest.mark.parametrize("name", ["Über", "../up", "alert", "welcome", "_base", ""])
def test_some_names_cannot_be_taken(mailer_alone: Mailer, name: str) -> None:
    result = mailer_alone("templates", "new", name)
    assert (result.code, "cannot be a template's name" in result.err) == (2, True)


def test_a_check_names_what_is_broken(
    mailer_alone: Mailer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "own" / "email" / "digest"
    own.mkdir(parents=True)
    (own / "body.txt").write_text("{{ mail.day }}\n")
    monkeypatch.setenv("MAILER_TEMPLATES", str(tmp_path / "own"))
    result = mailer_alone("templates", "check")
    assert result.code == 1
    assert "digest: broken\n  template 'digest/body.txt' lost a link to 'Ferry" in result.out
    assert "alert: ok" in result.out
    assert mailer_alone("templates", "check", "digest", "--json").json[0]["broken"]


def test_a_newsletter_takes_only_the_template_of_a_digest(seeded: Mailer) -> None:
    for name, said in (("welcome", "no template of a digest"), ("nothing", "no template 'nothing")):
        result = seeded("newsletters", "edit", "asia-daily", "--template", name)
        assert (result.code, said in result.err) == (2, True)
    assert seeded("newsletters", "edit", "asia-daily").code == 2
    assert seeded("newsletters", "edit", "asia-daily", "--name", "The Dawn").code == 0
    assert seeded("newsletters", "show", "asia-daily", "--json").json["name"] == "The Dawn"
