"""Logs of every process this command line starts: redacted, whoever writes them (S23)."""

import logging
import traceback
from contextlib import suppress
from typing import Any

from mailer.core.redaction import redact


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
