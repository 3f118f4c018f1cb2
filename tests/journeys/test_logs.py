"""The logs of real processes: every line of stderr is one JSON object, whoever wrote it."""

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

from mailer.core.tokens import Purpose, Signer
from tests.journeys.processes import Processes, wait_until


def test_every_line_of_web_and_up_is_json_without_tokens(tmp_path: Path) -> None:
    token = Signer(("x" * 32,)).sign(Purpose.UNSUBSCRIBE, 1)
    processes = Processes(
        {
            "MAILER_DATABASE_URL": f"sqlite:///{tmp_path / 'mailer.db'}",
            "MAILER_LOG_FORMAT": "json",
            "MAILER_SECRET_KEY": "x" * 32,
        },
        tmp_path,
    )
    try:
        process = processes.start("up", "--port", "0")
        log = next(tmp_path.glob("*-up.log"))

        def addresses() -> list[str]:
            return re.findall(r"http://127\.0\.0\.1:\d+", log.read_text(encoding="utf-8"))

        wait_until(lambda: bool(addresses()), seconds=60, what="its address")
        address = addresses()[0]
        for path in (f"/unsubscribe/{token}?email=mina@reader.example", "/healthz"):
            try:
                urllib.request.urlopen(f"{address}{path}", timeout=10).read()
            except urllib.error.HTTPError as error:
                error.read()
        assert processes.stop_softly(process) == 0
    finally:
        processes.end()
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert {line["logger"] for line in lines} >= {"mailer.web.access", "uvicorn.error"}
    asked = [line for line in lines if line["logger"] == "mailer.web.access"]
    assert {line["path"] for line in asked} == {"/unsubscribe/{token}", "/healthz"}
    assert all(len(line["request_id"]) == 16 for line in asked)
    assert token not in log.read_text(encoding="utf-8")
