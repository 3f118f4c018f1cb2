"""The JSON API for programs, and its description for people."""

from fastapi import FastAPI
from starlette.responses import Response

from mailer.web.programs import imports, letters, readers, runs, stories, webhooks
from mailer.web.programs.calls import PROBLEMS
from mailer.web.visits import Area, Visiting

router = Area(prefix="/api/v1", include_in_schema=True)
for _area in (
    stories.router,
    readers.router,
    imports.router,
    runs.router,
    letters.router,
    webhooks.router,
):
    router.include_router(_area, responses=PROBLEMS)

docs = Area()


@docs.get("/api/docs")
def show_docs(visit: Visiting) -> Response:
    """Describe the API on a page of our own: nothing is loaded from anywhere else."""
    app: FastAPI = visit.request.app
    return visit.page("api_docs.html", description=app.openapi())


def describe_problems(app: FastAPI) -> None:
    """Put the shape of a problem (RFC 9457) into the description."""
    plain = app.openapi

    def described() -> dict[str, object]:
        schema = plain()
        parts = schema.setdefault("components", {}).setdefault("schemas", {})
        parts["Problem"] = {
            "type": "object",
            "title": "Problem",
            "description": "What went wrong, as RFC 9457 has it.",
            "required": ["title", "status"],
            "properties": {
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
            },
        }
        for name in ("HTTPValidationError", "ValidationError"):
            parts.pop(name, None)
        return schema

    app.openapi = described  # type: ignore[method-assign]
