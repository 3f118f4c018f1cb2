"""Backends by name: ours, then the entry points of group `mailer.backends`."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from mailer.core.hygiene import clean_header
from mailer.errors import BackendError, MailerError
from mailer.ports import Backend, BackendFactory, BackendOptions

GROUP = "mailer.backends"
# Each is imported when it is asked for: a command that only looks waits for none of them.
BUILT_IN: Mapping[str, EntryPoint] = MappingProxyType(
    {
        name: EntryPoint(name, value, GROUP)
        for name, value in {
            "console": "mailer.delivery.console:open_console",
            "http": "mailer.delivery.http_gateway:open_http",
            "maildir": "mailer.delivery.maildir:open_maildir",
            "memory": "mailer.delivery.memory:open_memory",
            "smtp": "mailer.delivery.smtp:open_smtp",
        }.items()
    }
)


def open_backend(name: str, options: BackendOptions) -> Backend:
    """Build the backend of that name; nothing connects before its first message.

    A built-in name cannot be taken over by an entry point. Raises BackendError with the mend.
    """
    built_in = BUILT_IN.get(name)
    if built_in is not None:
        ours: BackendFactory = built_in.load()
        return ours(options)
    installed = entry_points(group=GROUP)
    found = [point for point in installed if point.name == name]
    if not found:
        raise BackendError(_unknown(name, {*BUILT_IN, *installed.names}))
    places = sorted({point.value for point in found})
    if len(places) > 1:
        raise BackendError(
            f"backend '{name}' is offered twice, by {' and '.join(places)}: uninstall one"
        )
    return _open_installed(found[0], options)


def _unknown(name: str, known: set[str]) -> str:
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    guess = f" did you mean '{near[0]}'?" if near else ""
    return f"unknown backend '{clean_header(name, 60)}':{guess} known: {', '.join(names)}"


def _open_installed(point: EntryPoint, options: BackendOptions) -> Backend:
    """Build a foreign backend; whatever its package raises becomes a BackendError naming it."""
    step = "imported"
    try:
        factory = point.load()
        step = "built"
        backend: object = factory(options)
    except MailerError:
        raise
    except Exception as error:
        raise BackendError(
            f"backend '{point.name}' ({point.value}) cannot be {step}: "
            f"{type(error).__name__}: {clean_header(str(error))}: mend or reinstall its package"
        ) from error
    if not isinstance(backend, Backend):
        raise BackendError(
            f"backend '{point.name}' ({point.value}) built a {type(backend).__name__}, "
            "not a backend: it needs name, send and close"
        )
    return backend
