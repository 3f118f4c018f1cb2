"""Operators: who works at the desk, her role, her sessions, her second factor."""

from enum import StrEnum
from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from mailer.core.operators import Role, read_role
from mailer.errors import InputError
from mailer.flows.add_operator import AddedOperator, add_operator
from mailer.flows.change_operator import change_operator
from mailer.store.operator_sessions import current_sessions
from mailer.store.operators import list_operators, operator_by_id
from mailer.web.desk.shifts import SIGN_IN, Administers, Shift
from mailer.web.visits import Area, Fields, Posted

router = Area(prefix="/operate/operators")
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_PLACE = "/operate/operators"


class OperatorStep(StrEnum):
    """What can be done to an operator."""

    ROLE = "role"
    SIGN_OUT = "sign-out"
    FORGET_CODE = "forget-code"
    LINK = "link"
    END = "end"
    AGAIN = "again"


@router.get("")
def show_all(shift: Administers) -> Response:
    """List operators, ended ones too."""
    return _page(shift, Fields([]))


@router.post("")
def add(shift: Administers, posted: Posted) -> Response:
    """Add an operator; her one-time link is shown on the page that answers, and never again."""
    try:
        shift.require_fresh()
        added = add_operator(
            shift.database,
            posted["email"],
            role=read_role(posted["role"]),
            name=posted["name"],
            actor=shift.operator.email,
            address=shift.visit.client,
            now=shift.visit.now,
        )
    except InputError as problem:
        return _page(shift, posted, error=str(problem), status=422)
    return _page(shift, Fields([]), linked=added)


@router.post("/{operator_id}/{operator_step}")
def act(
    shift: Administers, operator_id: AnId, operator_step: OperatorStep, posted: Posted
) -> Response:
    """Change an operator; whoever is changed must sign in again."""
    with shift.database.read() as connection:
        operator = operator_by_id(connection, operator_id)
    try:
        shift.require_fresh()
        is_role = operator_step is OperatorStep.ROLE
        working = {OperatorStep.END: False, OperatorStep.AGAIN: True}.get(operator_step)
        changed = change_operator(
            shift.database,
            operator.email,
            role=read_role(posted["role"]) if is_role else None,
            working=working,
            new_link=operator_step is OperatorStep.LINK,
            forget_second_factor=operator_step is OperatorStep.FORGET_CODE,
            sign_out=operator_step is OperatorStep.SIGN_OUT,
            actor=shift.operator.email,
            address=shift.visit.client,
            now=shift.visit.now,
        )
    except InputError as problem:
        return _page(shift, Fields([]), error=str(problem), status=422)
    if changed.link_token:
        return _page(shift, Fields([]), linked=changed)
    if operator.id == shift.operator.id and changed.operator != operator:
        return shift.visit.go(SIGN_IN)
    done = {
        OperatorStep.ROLE: f"{operator.email} is {changed.operator.role}",
        OperatorStep.SIGN_OUT: f"All sessions of {operator.email} have ended",
        OperatorStep.FORGET_CODE: f"{operator.email} signs in without a code until she sets one up",
        OperatorStep.END: f"{operator.email} works here no longer",
        OperatorStep.AGAIN: f"{operator.email} works here again",
    }
    return shift.go(_PLACE, done[operator_step])


def _page(
    shift: Shift,
    fields: Fields,
    *,
    error: str = "",
    status: int = 200,
    linked: AddedOperator | None = None,
) -> Response:
    with shift.database.read() as connection:
        found = list_operators(connection)
        sessions = current_sessions(connection, shift.visit.now)
    link = ""
    if linked is not None:
        link = f"{shift.visit.room.settings.public_url}/operate/welcome/{linked.link_token}"
    return shift.page(
        "operators.html",
        status=status,
        operators=[(each, sessions.get(each.id)) for each in found],
        every_role=list(Role),
        fields=fields,
        error=error,
        linked=linked.operator if linked is not None else None,
        link=link,
    )
