"""Units, alerts and environments that the documentation hands out name what there is."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from starlette.testclient import TestClient

from mailer.settings import Settings
from mailer.web.application import make_app
from tests.docs.documents import CHECKOUT, PAGES, blocks_of
from tests.docs.test_commands import understood
from tests.web.conftest import Opener, open_room

__all__ = ["open_room"]
UNITS = sorted((CHECKOUT / "docs" / "systemd").iterdir())
HERE = Path(__file__).parent
ALERTS = CHECKOUT / "docs" / "operating" / "alerts.yml"


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_there_is(unit: Path) -> None:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]  # Names of systemd keep case.
    read.read(unit, encoding="utf-8")
    program, *words = shlex.split(read["Service"]["ExecStart"])
    assert program == "/opt/mailer/bin/mailer"
    assert understood(words, unit.name)
    assert read["Service"]["EnvironmentFile"] == "/etc/mailer.env"


def test_every_alert_asks_for_figures_there_are(open_room: Opener) -> None:
    with TestClient(make_app(open_room()), base_url="https://news.example") as client:
        answer = client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    given = set(re.findall(r'^(mailer_\w+(?:\{\w+="\w+"\})?)', answer.text, re.MULTILINE))
    rules = [rule for group in YAML(typ="safe").load(ALERTS)["groups"] for rule in group["rules"]]
    assert len(rules) > 4
    asked = {
        figure
        for rule in rules
        for figure in re.findall(r'mailer_\w+(?:\{\w+="\w+"\})?', rule["expr"])
    }
    assert asked
    assert asked <= given
    incidents = (CHECKOUT / "docs" / "operating" / "incidents.md").read_text(encoding="utf-8")
    for rule in rules:
        if rule["alert"] != "MailerAway" and rule["alert"] != "RelayFails":
            assert rule["alert"] in incidents, f"docs say nothing about {rule['alert']}"


def test_an_alert_that_compares_two_figures_says_which_labels_not_to_compare() -> None:
    rules = [rule for group in YAML(typ="safe").load(ALERTS)["groups"] for rule in group["rules"]]
    compared = 0
    for rule in rules:
        labels = [set(re.findall(r"(\w+)=", each)) for each in re.findall(r"{(.*?)}", rule["expr"])]
        if len(labels) > 1:
            compared += 1
            ignored = set(
                re.findall(r"\w+", "".join(re.findall(r"ignoring\((.*?)\)", rule["expr"])))
            )
            # Else no series of one side would meet one of the other, and it would never fire.
            assert ignored == set().union(*labels), rule["alert"]
    assert compared == 2
    # Where Debian's `prometheus` is installed, it fires them.
    if promtool := shutil.which("promtool"):
        subprocess.run([promtool, "test", "rules", HERE / "alerts_test.yml"], check=True)


def test_every_variable_the_documentation_sets_is_a_setting() -> None:
    named = set()
    for page in PAGES:
        for block in blocks_of(page):
            named |= set(re.findall(r"\b(MAILER_[A-Z_]+)=", block.body))
    assert len(named) > 10
    for variable in named:
        assert (
            variable.removeprefix("MAILER_").removesuffix("_FILE").lower()
            in (Settings.model_fields)
            or variable.removeprefix("MAILER_").lower() in Settings.model_fields
        ), variable
