"""The web application: every layer and room of it, put together once. See ``front`` for the order of the layers."""

from collections.abc import Mapping
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, ExceptionHandler, Receive, Scope, Send

from vivr.bootstrap import Shop
from vivr.errors import VivrError
from vivr.web.api.app import api_app
from vivr.web.errors import RenderError, render_error
from vivr.web.front import Front
from vivr.web.gates import Gates
from vivr.web.limits import Limits
from vivr.web.metrics import Metrics
from vivr.web.operations import operations_routes
from vivr.web.pages import Pages, all_pages
from vivr.web.webhook import WebhookPath


def build_app(shop: Shop, pages: Pages | None = None) -> WebhookPath:
    """Everything that answers HTTP.

    Args:
        shop: open live objects; whoever opened them closes them.
        pages: other pages than the shop's own, in tests.
    """
    pages = pages or all_pages(shop)
    metrics = Metrics()
    site = Starlette(
        routes=[*operations_routes(metrics), *pages.routes], exception_handlers=_handlers(pages.error_page)
    )
    rooms = _ByPath(api=_with_cors(api_app(_handlers(None)), shop), site=site)
    gated = Gates(Limits(rooms, shop), shop.settings)
    front = Front(gated, shop, metrics=metrics, error_page=pages.error_page)
    return WebhookPath(front, shop, metrics)


def _handlers(page: RenderError | None) -> Mapping[type[Exception], ExceptionHandler]:
    async def handle(request: Request, error: Exception) -> Response:
        return await render_error(request, error, page)

    # Starlette answers ``Exception`` with it and then passes the error on to the front, which logs it.
    return dict.fromkeys((VivrError, HTTPException, Exception), cast("ExceptionHandler", handle))


def _with_cors(api: ASGIApp, shop: Shop) -> ASGIApp:
    """Let the front ends named in ALLOWED_ORIGINS call the API from a browser; without any, nobody else's may."""
    if not shop.settings.allowed_origins:
        return api
    return CORSMiddleware(
        api,
        allow_origins=shop.settings.allowed_origins,
        allow_methods=("GET", "POST"),
        allow_headers=("Content-Type", "Idempotency-Key"),
        allow_credentials=True,
        expose_headers=("X-Request-Id", "Idempotency-Replayed", "Retry-After"),
    )


class _ByPath:
    """The JSON API under its paths, the pages elsewhere."""

    def __init__(self, *, api: ASGIApp, site: ASGIApp) -> None:
        self._api = api
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"].startswith(("/api/", "/openapi.json"))
        await (self._api if is_api else self._site)(scope, receive, send)
