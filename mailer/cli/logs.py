"""Logs of every process this command line starts: one layout, redacted, whoever writes them (S23).

Web, workers and commands write by the standard library's loggers, as uvicorn and Celery do; this is
where their records become lines: for people, or one JSON object each.
"""

import logging
import os
import sys
import traceback
from contextlib import suppress
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor

from mailer.core.hygiene import safe_terminal
from mailer.core.redaction import redact, redact_values
from mailer.settings import LogFormat, LogLevel

# Who speaks of our work; of other libraries only warnings are news.
_OURS = ("celery", "mailer", "uvicorn", "workers")
_NAME = "mailer"
# Facts that stand beside a message as fields of their own.
_FACTS = ("client", "method", "milliseconds", "path", "status")


def redact_logs() -> None:
    """Make every log record of this process pass the redaction; again is no change.

    By the factory rather than a filter: Celery, uvicorn and others bring their own handlers.
    """
    make = logging.getLogRecordFactory()
    if getattr(make, "redacts", False):
        return

    def record(*args: Any, **words: Any) -> logging.LogRecord:
        made = make(*args, **words)
        with suppress(TypeError, ValueError, KeyError):
            # Put together first: a link may come in two parts. What cannot be is told by logging.
            made.msg, made.args = redact(made.getMessage()), None
        if made.exc_info and made.exc_info[1] is not None:
            # A handler that finds a text writes that instead of the exception.
            lines = traceback.format_exception(made.exc_info[1])
            made.exc_text = redact("".join(lines).rstrip())
        return made

    record.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(record)


def lay_out_logs(
    layout: LogFormat, level: LogLevel, stream: TextIO | None = None
) -> logging.Handler:
    """Write every log line of this process to stderr, or to `stream`, in this layout.

    stdout is left to the console backend and to documents. Again replaces what was before.
    """
    redact_logs()
    out = stream or sys.stderr
    colours = out.isatty() and "NO_COLOR" not in os.environ
    last: list[Processor] = [_redacted]
    if layout is LogFormat.JSON:
        last += [
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        last += [
            _without_facts,
            structlog.dev.ConsoleRenderer(
                colors=colours,
                pad_event_to=0,
                pad_level=False,
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ]
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(allow=_FACTS),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                *last,
            ],
        )
    )
    root = logging.getLogger()
    for before in [each for each in root.handlers if each.name == _NAME]:
        root.removeHandler(before)
    handler.name = _NAME
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level.value)
    logging.captureWarnings(capture=True)
    return handler


def _redacted(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {name: redact_values(value, name) for name, value in event.items()}


def _without_facts(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Leave out what the message says already, and what could steer a terminal (S21)."""
    return {
        name: safe_terminal(value) if isinstance(value, str) else value
        for name, value in event.items()
        if name not in _FACTS
    }
