"""A template that is broken stops a run before anyone is mailed; a slow one is told everywhere."""

from contextlib import closing
from pathlib import Path

import pytest

from mailer.bootstrap import open_installation
from mailer.core.operators import Role
from mailer.settings import read_settings
from tests.cli.conftest import Mailer
from tests.web.desk_browser import Browser, staffed

BROKEN = '{% extends "_base/base.html" %}\n{% block stories %}\n{{ mail.storys }}\n{% endblock %}\n'
SLOW = (
    '{% extends "_base/base.html" %}\n{% block stories %}<tr><td>\n{% for i in mail.items %}\n'
    "<p class=\"{{ loop.cycle('a', 'b') }}\">{{ i.title }}</p>\n{% endfor %}\n"
    "</td></tr>{% endblock %}\n"
)
AS_OF = "2026-10-22T07:05+09:00"


@pytest.fixture
def body(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The digest's HTML of an installation with a folder of templates of its own."""
    monkeypatch.setenv("MAILER_TEMPLATES", str(tmp_path / "own"))
    path = tmp_path / "own" / "email" / "digest" / "body.html"
    path.parent.mkdir(parents=True)
    path.write_text(BROKEN)
    return path


@pytest.mark.parametrize("command", ["plan", "send"])
def test_a_broken_template_is_refused_with_its_line_before_anyone_is_mailed(
    seeded: Mailer, body: Path, command: str
) -> None:
    result = seeded(command, "asia-daily", "daily", "--as-of", AS_OF)
    assert (result.code, result.out) == (2, "")
    assert f"template {body}, line 3: no 'storys' here: did you mean 'stories'?" in result.err
    assert ">    3 | {{ mail.storys }}" in result.err
    assert seeded("runs", "list", "--json").json == []
    assert seeded("deliveries", "list", "--json").json == []


def test_a_scheduled_run_waits_with_the_reason_until_its_template_is_mended(
    seeded: Mailer, body: Path
) -> None:
    early = ("--as-of", "2026-10-22T06:00+09:00")
    added = seeded(
        "schedules", "add", "asia-daily", "daily", "--at", "07:00", "--tz", "Asia/Seoul", *early
    )
    assert added.code == 0, added.err
    assert seeded("tick", "--as-of", AS_OF).code == 0
    (run,) = (r for r in seeded("runs", "list", "--json").json if r["cadence"] == "daily")
    seeded("drain")
    shown = seeded("runs", "show", str(run["id"]), "--json").json
    assert (shown["state"], shown["counts"]) == ("paused", {})
    said = f"cannot be planned: template {body}, line 3: no 'storys' here"
    assert said in shown["state_reason"]
    with closing(open_installation(read_settings())) as room:
        page = Browser(staffed(room), Role.VIEWER).get(f"/operate/runs/{run['id']}")
        assert "cannot be planned: template" in page

    body.unlink()
    assert seeded("runs", "resume", str(run["id"])).code == 0
    seeded("drain")
    done = seeded("runs", "show", str(run["id"]), "--json").json
    assert done["state"] == "done"
    assert done["counts"]["accepted"] == done["planned"] > 0


def test_a_template_that_makes_a_run_slow_is_told_wherever_one_looks(
    seeded: Mailer, body: Path
) -> None:
    body.write_text(SLOW)
    reason = "it uses loop.cycle of its sections or stories"
    linted = seeded("lint", "digest", "--json").json["mails"][0]["findings"]
    (slow,) = [finding for finding in linted if finding["rule"] == "editions/slow"]
    assert (slow["file"], slow["line"], slow["level"]) == (str(body), 4, "warn")
    assert reason in slow["message"]
    assert "loop.first" in slow["mend"]
    assert f"{body}:4" in seeded("templates", "check", "digest").out

    run = seeded("send", "asia-daily", "daily", "--as-of", AS_OF, "--json").json
    assert run["counts"]["accepted"] > 0
    assert reason in seeded("runs", "show", str(run["id"])).err
    plain = seeded("runs", "show", str(run["id"]), "--json").json["plain"]
    assert {row["format"] for row in plain} == {"html"}
    with closing(open_installation(read_settings())) as room:
        page = Browser(staffed(room), Role.VIEWER).get(f"/operate/runs/{run['id']}")
    assert f"{body}, line 4: {reason}" in page.replace("&#39;", "'")
