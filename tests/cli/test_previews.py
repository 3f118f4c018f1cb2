"""`mailer preview`: samples without a database, comparisons, and the watch."""

import os
import re
from pathlib import Path

import pytest

from mailer.cli.watching import watch_templates
from mailer.errors import RenderError, TemplateError
from mailer.render.environment import packaged_templates
from tests.cli.conftest import Mailer

GOLDEN = Path(__file__).parent / "golden"
MINA = "mina.park@example.org"
AS_OF = "2026-10-22T07:00:00+09:00"
# What is signed differs with every change of a token's form; what it is for does not.
_TOKEN = re.compile(r"(?<=example/)(unsubscribe|preferences|mute|view|confirm)/[\w.~-]+")


@pytest.mark.parametrize("name", ["digest", "alert", "welcome"])
@pytest.mark.parametrize("width", [80, 120])
def test_a_sample_looks_as_it_did(
    mailer_alone: Mailer, monkeypatch: pytest.MonkeyPatch, name: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("MAILER_POSTAL_ADDRESS", "The Sample Desk, 1 Example Street, Example City")
    result = mailer_alone("preview", name)
    assert result.code == 0, result.err
    shown = _TOKEN.sub(r"\1/TOKEN", result.out)
    path = GOLDEN / f"{name}-{width}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8"), "if it should: UPDATE_GOLDEN=1 pytest"
    drawn = shown[shown.index("\nhtml ─") : shown.index("\nsize ─")]
    lines = [line for line in drawn.splitlines() if "https://" not in line]
    assert max(map(len, lines)) <= width


def test_a_narrow_terminal_is_not_overrun(
    mailer_alone: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    shown = mailer_alone("preview", "welcome").out
    drawn = shown[shown.index("\nhtml ─") :].splitlines()
    assert max(len(line) for line in drawn if "https://" not in line) == 40
    assert re.fullmatch(r"HTML    █░{11} 5\.\d KB of 102 KB", drawn[-1])


def test_a_sample_speaks_other_languages(mailer_alone: Mailer) -> None:
    assert "구독 취소" in mailer_alone("preview", "digest", "--locale", "ko", "--part", "text").out
    assert (
        "Annulla"
        in mailer_alone("preview", "digest", "--locale", "it", "--json").json["mail"]["text"]
    )


def test_escape_sequences_of_a_template_never_reach_the_terminal(
    mailer_alone: Mailer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "own" / "email" / "digest"
    own.mkdir(parents=True)
    text = (packaged_templates() / "email" / "digest" / "body.txt").read_text(encoding="utf-8")
    (own / "body.txt").write_text("\x1b]0;owned\x07" + text, encoding="utf-8")
    monkeypatch.setenv("MAILER_TEMPLATES", str(tmp_path / "own"))
    assert "\x1b" not in mailer_alone("preview", "digest").out


def test_two_template_versions_are_compared(mailer_alone: Mailer, tmp_path: Path) -> None:
    own = tmp_path / "own" / "email" / "_base"
    own.mkdir(parents=True)
    text = (packaged_templates() / "email" / "_base" / "macros.html").read_text(encoding="utf-8")
    (own / "macros.html").write_text(text.replace("No more like this", "Mute"), encoding="utf-8")
    result = mailer_alone("preview", "digest", "--diff", str(tmp_path / "own"))
    assert result.code == 0
    assert "=== html" in result.out
    assert "=== text" not in result.out
    assert re.search(r"^\+.*Mute", result.out, re.MULTILINE)
    same = mailer_alone("preview", "digest", "--diff", str(packaged_templates()))
    assert same.out == "no difference\n"


def test_two_readers_and_two_moments_are_compared(seeded: Mailer) -> None:
    words = ("preview", "asia-daily", "daily", "--reader", MINA, "--as-of", AS_OF)
    other = seeded(*words, "--diff", "giulia.dangelo@example.org", "--json").json
    assert not other["same"]
    assert any(line.startswith("-To: ") for line in other["lines"])
    moment = seeded(*words, "--diff", "2026-10-01T07:00:00+09:00")
    assert "+(no mail)" in moment.out
    assert seeded(*words, "--diff", AS_OF).out == "no difference\n"


def test_a_mail_goes_into_a_file(mailer_alone: Mailer, tmp_path: Path) -> None:
    assert mailer_alone("preview", "welcome", "--out", "w.html").code == 0
    assert mailer_alone("preview", "welcome", "--out", "w.eml").code == 0
    assert (tmp_path / "w.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert b"\r\n\r\n" in (tmp_path / "w.eml").read_bytes()


def test_a_mistake_is_shown_with_its_lines_and_mend(
    mailer_alone: Mailer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "own" / "email" / "alert"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("one\n{{ mail.plaice }}\n")
    monkeypatch.setenv("MAILER_TEMPLATES", str(tmp_path / "own"))
    result = mailer_alone("preview", "alert")
    assert result.code == 2
    assert "subject.txt, line 2: no 'plaice' here: did you mean 'place'?" in result.err
    assert ">    2 | {{ mail.plaice }}" in result.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "no template 'nothing"),
        (("digest", "--reader", MINA), "which mail of 'digest'?"),
        (("asia-daily", "daily"), "whose mail?"),
        (("digest", "--diff", "2026-10-01"), "is no folder"),
        (("digest", "--diff", "/"), "has no folder 'email'"),
        (("digest", "--out", "x.pdf"), "must end in .html or .eml"),
        (("digest", "--part", "tail"), "unknown part 'tail'"),
    ],
)
def test_wrong_usage_says_what_to_do(
    mailer_alone: Mailer, words: tuple[str, ...], said: str
) -> None:
    result = mailer_alone("preview", *words)
    assert (result.code, said in result.err) == (2, True), result.err


def test_the_watch_draws_on_change_and_outlives_mistakes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    drawn: list[str] = []
    versions = iter(["1", "1", "2", "3", "3", "4"])
    pauses = iter([None] * 5)
    state = {"version": ""}

    def version() -> str:
        state["version"] = next(versions)
        return state["version"]

    def draw() -> None:
        drawn.append(state["version"])
        if state["version"] == "2":
            raise TemplateError("line 7 is wrong", excerpt=">  7 | {{ x }}")
        if state["version"] == "3":
            raise RenderError("a story was lost")

    def pause() -> None:
        if next(pauses, "end") == "end":
            raise KeyboardInterrupt

    watch_templates(draw, version, pause)
    assert drawn == ["1", "2", "3", "4"]
    said = capsys.readouterr().err
    assert "line 7 is wrong" in said
    assert ">  7 | {{ x }}" in said
    assert "a story was lost" in said
