"""Operators' own text: Markdown with a few variables, drawn where it can do no harm (S14).

Files of templates are trusted; what is typed into a form is not. It is drawn by another process
that has two seconds and 128 MB, sees plain data and nothing else, and gives back text and HTML made
of a few harmless tags. Whatever a variable holds stays text: Markdown in it is not read.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mailer.core.hygiene import clean_text
from mailer.errors import InputError, ServiceAway

SECONDS: Final = 2
MEGABYTES: Final = 128
LONGEST: Final = 50_000

# What a template may be told. Nothing of it has attributes or methods that do anything.
Plain = str | int | float | bool | None | Sequence["Plain"] | Mapping[str, "Plain"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A text as mails show it: plain, in lines of at most 72 columns, and as HTML."""

    text: str
    html: str


def draw_text(source: str, variables: Mapping[str, Plain]) -> Drawn:
    """Return Markdown with `{{ variables }}` as text and as HTML.

    Raises InputError, naming the line, for what cannot be drawn, or takes too long or too much.
    """
    if len(source) > LONGEST:
        raise InputError(f"the text has {len(source):,} characters: at most {LONGEST:,}")
    order = json.dumps({"source": clean_text(source), "variables": variables})
    try:
        done = subprocess.run(
            # Isolated: no user's site-packages, no variables of the environment.
            [sys.executable, "-I", "-X", "utf8", "-m", "mailer.render.sandbox_child"],
            input=order,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=SECONDS + 3,  # It ends itself; this is for one that cannot even start.
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_much() from error
    except OSError as error:
        raise ServiceAway(f"no process could be started to draw the text: {error}") from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise _too_much() from error
    if "error" in answer:
        raise InputError(str(answer["error"]))
    return Drawn(str(answer["text"]), str(answer["html"]))


def _too_much() -> InputError:
    return InputError(
        f"the text takes more than {SECONDS} seconds or {MEGABYTES} MB: take out what repeats"
    )
