"""`mailer lint` as a person and a build would run it."""

from pathlib import Path

from tests.cli.conftest import Mailer

GOLDEN = Path(__file__).parent.parent / "render" / "golden"


def test_our_mails_pass_without_any_database(mailer_alone: Mailer) -> None:
    result = mailer_alone("lint")
    assert result.code == 0
    assert "digest: 0 errors, 0 warnings" in result.out
    assert mailer_alone("lint", "--fail-on", "warn").code == 0


def test_findings_are_grouped_by_family_and_say_how_to_mend(
    mailer_alone: Mailer, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text('<html lang="en">\n<div style="display:flex"><img src="a.png"></div>')
    result = mailer_alone("lint", str(page))
    assert result.code == 1
    everybody, _, outlook = result.out.partition("  Outlook\n")
    assert "every client" in everybody
    assert "page.html:2  the picture 'a.png' has no alt" in everybody
    assert "error  page.html:2  display: flex is not supported everywhere" in outlook
    assert "in Outlook (classic, Windows)" in outlook
    assert 'mend: lay out with <table role="presentation">' in outlook


def test_json_has_counts_and_families(mailer_alone: Mailer) -> None:
    result = mailer_alone("lint", str(GOLDEN / "digest.html"), "--json")
    assert result.code == 0
    assert result.json["counts"]["error"] == 0
    (mail,) = result.json["mails"]
    note = next(f for f in mail["findings"] if f["rule"] == "support/css-max-height")
    assert (note["level"], note["families"]) == ("note", ["outlook"])


def test_a_build_may_fail_on_warnings(mailer_alone: Mailer, tmp_path: Path) -> None:
    page = (GOLDEN / "digest.html").read_text(encoding="utf-8")
    path = tmp_path / "page.html"
    path.write_text(page.replace("https://meridian.example/freight", "http://m.example/f"))
    assert mailer_alone("lint", str(path)).code == 0
    assert mailer_alone("lint", str(path), "--fail-on", "warn").code == 1


def test_wrong_usage_says_what_to_do(mailer_alone: Mailer) -> None:
    for words, said in (
        (("lint", "nothing"), "there are digest, alert"),
        (("lint", "gone.html"), "cannot read 'gone.html'"),
        (("lint", "--fail-on", "maybe"), "use warn or error"),
    ):
        result = mailer_alone(*words)
        assert (result.code, said in result.err) == (2, True), result.err
