"""S17: no secret is compared letter by letter: `hmac.compare_digest`, or a look-up by its hash."""

import ast
import hmac
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock, patch

import pytest

import mailer
from mailer.core.tokens import Purpose, Signer
from mailer.errors import InputError
from tests.security.mutations import goes_red

_FOLDER = Path(mailer.__file__).parent
_SECRET = re.compile(
    r"(^|_)(token|secret|secrets|signature|seal|mac|hmac|csrf|password|digest|key_hash|link_hash)($|_)"
)
# Of these no outsider chooses one side: the lease's token is a row's own, and a hash of content
# says whether bytes are the same.
_HARMLESS = frozenset({"lease_token", "content_digest"})


def _name(side: ast.expr) -> str:
    """Name what stands on one side: the last name of it, or of what is called."""
    match side:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=function):
            return _name(function)
        case ast.Subscript(value=value):
            return _name(value)
        case _:
            return ""


def _is_column(side: ast.expr) -> bool:
    return isinstance(side, ast.Attribute) and _name(side.value) == "c"


def _compared(source: str) -> Iterator[str]:
    """Each == or != whose two sides are computed and one of which is named like a secret."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        if not any(isinstance(way, ast.Eq | ast.NotEq) for way in node.ops):
            continue
        sides = [node.left, *node.comparators]
        # A column inside a statement is looked up by the database, and a constant is no secret.
        if any(isinstance(side, ast.Constant) or _is_column(side) for side in sides):
            continue
        names = {_name(side) for side in sides}
        if any(name.isupper() for name in names):
            continue
        if any(_SECRET.search(name) and name not in _HARMLESS for name in names):
            yield ast.unparse(node)


def test_s17_no_secret_is_compared_by_equality() -> None:
    found = [
        f"{file.relative_to(_FOLDER)}: {text}"
        for file in sorted(_FOLDER.rglob("*.py"))
        for text in _compared(file.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "given == session.csrf_token",
        "wanted != signature",
        "_seal(key, text) == seal",
        "a.mac == b",
    ],
)
def test_s17_the_search_finds_what_it_looks_for(source: str) -> None:
    assert list(_compared(source)) == [source]
    assert not list(_compared("token == 'x'"))
    assert not list(_compared("t.c.token == token"))


def _check_compared() -> None:
    """Every way to show us a signature ends in the comparison that takes its time."""
    signer = Signer(("newest", "older"))
    stem = signer.stem(Purpose.MUTE, 1, 2).token(3)
    long = signer.sign(Purpose.UNDO, "at", 1, 2)
    seal = signer.seal("d12")
    for show in (
        lambda: signer.read(Purpose.MUTE, stem[:-1] + "x"),
        lambda: signer.read(Purpose.UNDO, long[:-2] + "xx"),
        lambda: signer.has_sealed("d12", "x" + seal[1:]),
    ):
        compared = Mock(wraps=hmac.compare_digest)
        with patch.object(hmac, "compare_digest", compared), suppress(InputError):
            assert not show()
        assert compared.called, "compared without hmac.compare_digest"


def test_s17_signatures_are_compared_in_constant_time() -> None:
    _check_compared()


def test_s17_goes_red_when_a_seal_is_compared_by_equality(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hasty(self: Signer, text: str, seal: str) -> bool:
        return self.seal(text) == seal

    goes_red(_check_compared, monkeypatch, mailer__core__tokens__Signer__has_sealed=hasty)
