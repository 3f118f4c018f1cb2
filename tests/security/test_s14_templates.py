"""S14: text that operators type reaches nothing but its variables, and ends (CVE-2025-27516)."""

import jinja2
import pytest

from mailer.errors import InputError
from mailer.render import sandbox
from tests.security.mutations import goes_red

_HOSTILE = (
    "{{ name.__class__.__mro__ }}",
    "{{ ''|attr('__class__') }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__ }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
)


def _check(sources: tuple[str, ...] = _HOSTILE) -> None:
    for source in sources:
        try:
            drawn = sandbox.draw_text(source, {"name": "Mina"})
        except InputError:
            continue
        assert "class" not in drawn.text, source
        assert "built-in" not in drawn.text, source


def test_s14_typed_text_reaches_no_further_than_its_variables() -> None:
    _check()


def test_s14_goes_red_outside_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(source: str, variables: dict[str, object]) -> sandbox.Drawn:
        return sandbox.Drawn(jinja2.Template(source).render(**variables), "")

    goes_red(lambda: _check(_HOSTILE[:1]), monkeypatch, mailer__render__sandbox__draw_text=draw)
