"""The application: all areas behind one gate."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from mailer.bootstrap import Installation
from mailer.flows.count_states import StateCounter
from mailer.flows.fetch_certificate import Certificates
from mailer.flows.list_tags import NamedTags
from mailer.flows.outlook import Lookout
from mailer.flows.read_dashboard import Census
from mailer.ports import Bell
from mailer.render.paper import Paper
from mailer.web import api, dev, health, hooks, metrics, operate, public, reader
from mailer.web.assets import Assets
from mailer.web.dev.workshop import WORKSHOP, Workshop
from mailer.web.failures import answer_failures
from mailer.web.gate import Gate
from mailer.web.headers import page_headers
from mailer.web.visits import (
    ASSETS,
    BELL,
    CENSUS,
    IS_LEAVING,
    LOOKOUT,
    NAMED_TAGS,
    PAPER,
    ROOM,
    STATES,
)

_AREAS = (
    reader.router,
    public.router,
    operate.router,
    api.router,
    api.docs,
    hooks.router,
    dev.router,
    health.router,
    metrics.router,
)
MOST_BODY_BYTES = 64 * 1024  # S25. The largest form of ours is a follow of 2,000 characters.
# The store keeps 15 connections: a sixteenth thread would only wait for one of them.
_THREADS = 15


def make_app(room: Installation, bell: Bell | None = None) -> FastAPI:
    """Return the ASGI application of an installation. Nothing is connected yet.

    `bell` tells whoever sends that a notice waits; without one it is found by the next look.
    """
    app = FastAPI(
        title=f"{room.settings.site_name}: mailer",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    paper = Paper(room.settings.templates)
    assets = Assets(paper.asset_folders())
    setattr(app.state, ROOM, room)
    setattr(app.state, PAPER, paper)
    setattr(app.state, ASSETS, assets)
    setattr(app.state, LOOKOUT, Lookout(room.desk.database))
    setattr(app.state, CENSUS, Census(room.desk.database))
    setattr(app.state, NAMED_TAGS, NamedTags(room.desk.database))
    setattr(app.state, STATES, StateCounter(room.desk.database))
    setattr(app.state, BELL, bell)
    setattr(app.state, IS_LEAVING, False)
    setattr(app.state, WORKSHOP, Workshop(room))
    setattr(app.state, hooks.CERTIFICATES, Certificates())
    for router in _AREAS:
        app.include_router(router)
    app.include_router(assets.router())
    answer_failures(app)
    api.describe_problems(app)
    # Behind the gate, which words its refusals and sets the headers of every answer.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=MOST_BODY_BYTES)
    app.add_middleware(
        Gate,
        hops=room.settings.trusted_proxies,
        headers=page_headers(is_https=room.settings.public_url.startswith("https:")),
    )
    return app


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    yield
