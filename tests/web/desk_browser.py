"""Somebody at the desk, and a room with one operator of each role."""

import re

from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.operators import Role
from mailer.flows.add_operator import add_operator
from mailer.web.application import make_app
from tests.web.conftest import SEED_MORNING

PASSWORD = "correct horse battery"


class Browser:
    """Somebody at the desk: signs in, and posts forms with the token of the page."""

    def __init__(self, room: Installation, role: Role | None) -> None:
        self.client = TestClient(
            make_app(room),
            base_url="https://news.example",
            raise_server_exceptions=False,
            follow_redirects=False,
        )
        self.csrf = ""
        if role is not None:
            email = f"{role}@news.example"
            answer = self.client.post(
                "/operate/sign-in",
                data={"email": email, "password": PASSWORD},
                headers={"Origin": "https://news.example"},
            )
            assert answer.status_code == 303, answer.text
            found = re.search(r'name="csrf" value="([^"]+)"', self.get("/operate/account"))
            assert found
            self.csrf = found[1]

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.text[-800:])
        return answer.text

    def post(self, path: str, status: int = 303, /, **fields: str) -> str:
        answer = self.client.post(path, data={"csrf": self.csrf, **fields})
        assert answer.status_code == status, (path, answer.status_code, answer.text[-800:])
        return str(answer.headers.get("location", answer.text))


def staffed(room: Installation) -> Installation:
    """Add one operator of each role."""
    for role in reversed(Role):
        add_operator(
            room.desk.database,
            f"{role}@news.example",
            role=role,
            password=PASSWORD,
            actor="test",
            now=SEED_MORNING,
        )
    return room
