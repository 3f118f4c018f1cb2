"""Backends by name: ours, installed ones, and what is said of the others."""

from pathlib import Path

import pytest

from mailer.delivery import open_backend
from mailer.errors import BackendError
from mailer.ports import Accepted, BackendOptions
from tests.delivery.messages import a_message

_GOOD = """
from mailer.errors import BackendError
from mailer.delivery.memory import MemoryBackend
class Pigeon(MemoryBackend):
    name = "pigeon"
def open_pigeon(options):
    return Pigeon()
def open_nothing(options):
    return None
def open_choosily(options):
    raise BackendError("the pigeon needs MAILER_LOFT")
def open_wrongly(options):
    raise KeyError("loft")
"""


def _install(folder: Path, entries: str, code: str = _GOOD, name: str = "pigeons") -> None:
    """Put a package with these entry points where Python would find an installed one."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[mailer.backends]\n{entries}\n")
    (folder / f"{folder.name}_{name}.py").write_text(code)


@pytest.fixture
def packages(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    monkeypatch.syspath_prepend(folder)
    return folder


def test_a_slip_of_the_fingers_gets_a_guess() -> None:
    with pytest.raises(BackendError) as caught:
        open_backend("stmp", BackendOptions())
    assert str(caught.value) == (
        "unknown backend 'stmp': did you mean 'smtp'? known: console, http, maildir, memory, smtp"
    )


def test_a_name_like_no_other_gets_the_list_and_cannot_steer_a_terminal() -> None:
    with pytest.raises(BackendError) as caught:
        open_backend("\x1b[2Jpost office", BackendOptions())
    assert str(caught.value) == (
        "unknown backend '[2Jpost office': known: console, http, maildir, memory, smtp"
    )


def test_an_installed_backend_opens_by_its_name(packages: Path) -> None:
    _install(packages, f"pigeon = {packages.name}_pigeons:open_pigeon")
    backend = open_backend("pigeon", BackendOptions())
    assert backend.name == "pigeon"
    assert isinstance(next(iter(backend.send([a_message()]))), Accepted)


def test_installed_backends_are_known_and_guessed(packages: Path) -> None:
    _install(packages, f"pigeon = {packages.name}_pigeons:open_pigeon")
    with pytest.raises(BackendError, match=r"did you mean 'pigeon'\? known: .*, pigeon, smtp"):
        open_backend("pidgeon", BackendOptions())


def test_nobody_takes_over_a_name_of_ours(packages: Path) -> None:
    _install(packages, f"memory = {packages.name}_pigeons:open_pigeon")
    assert open_backend("memory", BackendOptions()).name == "memory"


@pytest.mark.parametrize(
    ("target", "code", "problem"),
    [
        ("open_pigeon", "import no_such_library", "cannot be imported: ModuleNotFoundError"),
        ("open_pigeon", "def broken(", "cannot be imported: SyntaxError"),
        ("no_such_name", _GOOD, "cannot be imported: AttributeError"),
        ("open_wrongly", _GOOD, "cannot be built: KeyError: 'loft'"),
        ("open_nothing", _GOOD, "built a NoneType, not a backend: it needs name, send and close"),
    ],
)
def test_a_broken_package_is_named(packages: Path, target: str, code: str, problem: str) -> None:
    place = f"{packages.name}_pigeons:{target}"
    _install(packages, f"pigeon = {place}", code)
    with pytest.raises(BackendError) as caught:
        open_backend("pigeon", BackendOptions())
    assert str(caught.value).startswith(f"backend 'pigeon' ({place}) ")
    assert problem in str(caught.value)


def test_what_an_installed_backend_needs_it_says_itself(packages: Path) -> None:
    _install(packages, f"pigeon = {packages.name}_pigeons:open_choosily")
    with pytest.raises(BackendError, match=r"^the pigeon needs MAILER_LOFT$"):
        open_backend("pigeon", BackendOptions())


def test_two_packages_with_one_name_are_not_chosen_between(packages: Path) -> None:
    _install(packages, f"pigeon = {packages.name}_pigeons:open_pigeon")
    _install(packages, f"pigeon = {packages.name}_doves:open_pigeon", name="doves")
    with pytest.raises(BackendError, match=r"offered twice, by .*doves.* and .*pigeons"):
        open_backend("pigeon", BackendOptions())


def test_options_that_do_not_fit_say_what_to_set() -> None:
    with pytest.raises(BackendError, match="set MAILER_SMTP_URL"):
        open_backend("smtp", BackendOptions())
    with pytest.raises(BackendError, match="full host name"):
        open_backend("smtp", BackendOptions(smtp_urls=("smtp://localhost",), helo_name="a b"))
