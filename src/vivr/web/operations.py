"""Addresses for whoever operates the shop: ``/healthz``, ``/readyz``, ``/metrics``.

Handlers without I/O are ``async`` all the same: Starlette runs plain functions in a thread.

``/readyz`` fails only for our own database and its migrations: an outage of Stripe must not take the webhook's address
out of a balancer.
"""

import psycopg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivr.database import Database
from vivr.errors import Unavailable
from vivr.migrate import MigrationError, pending_migrations, read_migrations
from vivr.web.metrics import CONTENT_TYPE, Metrics
from vivr.web.store import applied_migrations
from vivr.web.visit import visit_of
from vivr.web.waiting_metrics import waiting_text


def operations_routes(metrics: Metrics) -> list[Route]:
    """The routes of this module."""

    async def show_metrics(request: Request) -> Response:
        shop = visit_of(request).shop
        waiting = await waiting_text(shop.database, shop.clock)
        return Response(metrics.text() + waiting, media_type=CONTENT_TYPE)

    return [
        Route("/healthz", say_alive, methods=["GET"]),
        Route("/readyz", say_ready, methods=["GET"]),
        Route("/metrics", show_metrics, methods=["GET"]),
    ]


async def say_alive(_request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"success": True, "data": {"status": "ok"}})


async def say_ready(request: Request) -> Response:
    """The database answers and has every migration."""
    visit = visit_of(request)
    problem = await _problem_of(visit.shop.database)
    if problem is not None:
        raise Unavailable(problem)
    # An outage of Stripe's is told and changes nothing: the webhook's address stays in the balancer.
    breaker = visit.shop.stripe.breaker_state
    return JSONResponse({"success": True, "data": {"status": "ready", "stripe": {"breaker": breaker}}})


async def _problem_of(database: Database) -> str | None:
    try:
        async with database.transaction("readiness") as tx:
            applied = await applied_migrations(tx)
        return "migrations_pending" if pending_migrations(applied, read_migrations()) else None
    except Unavailable:
        return "database_unavailable"
    except (MigrationError, psycopg.errors.UndefinedTable):
        return "migrations_pending"
