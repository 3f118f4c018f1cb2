"""Operators' letters for programs: write, test, send; their runs are steered as runs are."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from mailer.core.adhoc_letters import LONGEST_SUBJECT, LONGEST_TEXT, read_letter_text
from mailer.core.api_keys import Scope
from mailer.flows.documents import letter_document, run_document
from mailer.flows.reach_of_letter import reach_of_letter
from mailer.flows.send_letter import send_letter
from mailer.flows.try_letter import try_letter
from mailer.store.adhoc_letters import add_letter, find_letter, list_letters
from mailer.store.runs import find_run
from mailer.web.programs.calls import Call, Cursor, Document, Limit, Named, allowed, once, page
from mailer.web.visits import Area, bell_of

router = Area(include_in_schema=True)
Reads = Annotated[Call, allowed(Scope.LETTERS_READ)]
Writes = Annotated[Call, allowed(Scope.LETTERS_WRITE)]
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class LetterIn(BaseModel):
    """A letter to readers of a newsletter who get stories of what an expression means."""

    model_config = ConfigDict(extra="forbid")

    newsletter: str = Field(max_length=200)
    subject: str = Field(max_length=LONGEST_SUBJECT)
    text: str = Field(max_length=LONGEST_TEXT, description="Markdown; {{ name }} is the reader's.")
    expression: str = Field("*", max_length=2000)


class TrialIn(BaseModel):
    """To whom a letter goes before readers get it."""

    model_config = ConfigDict(extra="forbid")

    to: str = Field(max_length=320, description="The address of a verified operator.")


@router.post("/letters", status_code=201, summary="Write a letter", tags=["letters"])
def write(call: Writes, wanted: LetterIn, name: Named = "") -> JSONResponse:
    """Keep a draft; `reach` says who would get it. Nothing is sent."""

    def do() -> tuple[int, Document]:
        text = read_letter_text(wanted.newsletter, wanted.subject, wanted.text, wanted.expression)
        database, now = call.visit.room.desk.database, call.visit.now
        reach = reach_of_letter(database, text.newsletter, text.expression, as_of=now)
        with database.write() as connection:
            letter = find_letter(connection, add_letter(connection, text, call.actor, now))
        call.record("letter written", f"letter {letter.id}", text.subject)
        return 201, {**letter_document(letter), "reach": reach.reader_count}

    return once(call, name, wanted.model_dump(mode="json"), do)


@router.get("/letters", summary="List letters", tags=["letters"])
def list_all(call: Reads, cursor: Cursor, limit: Limit = 50) -> Document:
    """List letters, newest first."""
    with call.visit.room.desk.database.read() as connection:
        letters = list_letters(connection, limit, before_id=cursor)
    documents = [letter_document(letter) for letter in letters]
    return page(documents, letters[-1].id if letters else None, limit)


@router.get("/letters/{letter_id}", summary="Show a letter", tags=["letters"])
def show(call: Reads, letter_id: AnId) -> Document:
    """Show a letter with its text, and the run that carries it."""
    with call.visit.room.desk.database.read() as connection:
        letter = find_letter(connection, letter_id)
        run = None if letter.run_id is None else find_run(connection, letter.run_id)
    return {
        **letter_document(letter),
        "text": letter.text.source,
        "run": None if run is None else run_document(run),
    }


@router.post("/letters/{letter_id}/test", summary="Test a letter", tags=["letters"])
def try_out(call: Writes, letter_id: AnId, wanted: TrialIn, name: Named = "") -> JSONResponse:
    """Mail it to an operator; only words that were tested can be sent."""

    def do() -> tuple[int, Document]:
        room = call.visit.room
        backend = room.open_backend()
        try:
            tried = try_letter(
                room.test_desk(),
                backend,
                letter_id,
                to=wanted.to,
                actor=call.actor,
                now=call.visit.now,
            )
        finally:
            backend.close()
        outcome = type(tried.outcome).__name__.lower()
        return 200, {"to": tried.to, "outcome": outcome, "reply": tried.outcome.reply}

    return once(call, name, wanted.model_dump(mode="json"), do)


@router.post("/letters/{letter_id}/send", status_code=201, summary="Send it", tags=["letters"])
def send(call: Writes, letter_id: AnId, name: Named = "") -> JSONResponse:
    """Open the run that carries it; 200 and the same run when it was sent before."""

    def do() -> tuple[int, Document]:
        desk = call.visit.room.desk
        sent = send_letter(
            desk, letter_id, actor=call.actor, now=call.visit.now, address=call.visit.client
        )
        bell = bell_of(call.visit)
        if bell is not None:
            bell.ring_plan(sent.run_id)
        with desk.database.read() as connection:
            run = find_run(connection, sent.run_id)
        return (201 if sent.created else 200), run_document(run)

    return once(call, name, None, do)
