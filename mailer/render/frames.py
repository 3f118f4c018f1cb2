"""Frames: pages and sections with all filled in that does not depend on one reader.

A page of the packaged digest has 60 pieces and slots. For mails with the same first story in the
same time zone, all but some are the same: they are filled once, and a message takes them as they
are, in runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from mailer.core.hygiene import clean_header
from mailer.render.drawing import Drawing, append
from mailer.render.filling import value_of
from mailer.render.ready_pages import ReadyLoop, ReadyPage, ReadyPieces, ReadySlot

# Pieces that are put into a message one after the other, as they are.
Run = tuple[bytes, ...]
# Only a piece behind a loop may have to lose an empty line, which depends on the loop's last turn.
FramePieces = tuple[bytes | Run | ReadySlot | ReadyLoop, ...]

# Each is some kilobytes: it shares its larger pieces with all others.
MOST_FRAMES: Final = 1_000

IS_COMMON: Final[Callable[[ReadySlot], bool]] = attrgetter("is_common")
IS_OF_SECTION: Final[Callable[[ReadySlot], bool]] = attrgetter("is_of_section")


@dataclass(frozen=True, slots=True)
class Frame:
    """A page of which only loops and the reader's own are left to fill.

    `subject` is empty when it has something of the reader's own.
    """

    subject: str
    text: FramePieces
    html: FramePieces


@dataclass(slots=True)
class Framed:
    """A page, and its frame once it was needed."""

    page: ReadyPage
    frame: Frame | None = None


def framed_page(page: ReadyPage, drawing: Drawing) -> Frame:
    """Return the frame of a page for all letters with equal `Drawing.common`."""
    slots = [part for part in page.subject if isinstance(part, ReadySlot)]
    return Frame(
        subject_of(page, drawing) if all(map(IS_COMMON, slots)) else "",
        framed(page.text, IS_COMMON, drawing),
        framed(page.html, IS_COMMON, drawing),
    )


def subject_of(page: ReadyPage, drawing: Drawing) -> str:
    """Return the subject of a letter's mail."""
    scopes = drawing.scopes
    slots = [part for part in page.subject if isinstance(part, ReadySlot)]
    values = tuple([scopes[scope][name] for slot in slots for scope, name in slot.fields])
    known: str | None = page.subjects.get(values)
    if known is None:
        parts = [
            part if isinstance(part, str) else value_of(part.entry, scopes) for part in page.subject
        ]
        known = clean_header("".join(parts))
        page.subjects.keep(values, known)
    return known


def framed(
    pieces: ReadyPieces, is_same: Callable[[ReadySlot], bool], drawing: Drawing
) -> FramePieces:
    """Return pieces with those slots filled in that are the same for all."""
    done: list[bytes | Run | ReadySlot | ReadyLoop] = []
    run: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            if not run and done and isinstance(done[-1], ReadyLoop):
                done.append(piece)
            else:
                append(run, piece)
        elif isinstance(piece, ReadySlot) and is_same(piece):
            run.append(drawing.fill(piece))
        else:
            if run:
                done.append(tuple(run))
                run = []
            done.append(piece)
    if run:
        done.append(tuple(run))
    return tuple(done)
