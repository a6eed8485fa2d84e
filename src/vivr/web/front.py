"""The front of the web: plain ASGI layers around everything, in one fixed order, from the outside in.

1. Stripe's webhook, a raw ASGI app with a body limit, request ids and metrics of its own: Stripe sends no cookie, no
   Origin, and the host that its endpoint was registered under, and waits for a commit and nothing else.
   Most deliveries do not come this far: their connection answers them (see ``delivery_protocol``).
2. ``Front``: the visit with its request id (returned as ``X-Request-Id``), one log line and the metrics of each
   request, cookies and security headers on every answer, and every error that got this far as an answer of ours.
3. ``Gates`` (see ``gates``): host, origin, size. Then ``Limits`` (see ``limits``): how often.
4. The JSON API (FastAPI) under ``/api`` and the pages (Starlette) elsewhere.
"""

import time
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivr.bootstrap import Shop
from vivr.errors import VivrError
from vivr.web.errors import RenderError, render_error
from vivr.web.headers import SecurityHeaders
from vivr.web.metrics import Metrics
from vivr.web.visit import Visit, begin_visit

_log: Final = structlog.stdlib.get_logger("vivr.web")
_CLIENT_CLOSED: Final = 499


class Front:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, shop: Shop, *, metrics: Metrics, error_page: RenderError) -> None:
        self._app = app
        self._shop = shop
        self._metrics = metrics
        self._error_page = error_page
        self._security = SecurityHeaders(shop.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        visit = begin_visit(self._shop, scope)
        answer = _Answer(send, visit, self._security)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=visit.request_id)
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - the last place where an error can become an answer
            await self._answer_error(scope, receive, answer, error)
        finally:
            self._record(scope, visit, answer.status, time.perf_counter() - began)

    async def _answer_error(self, scope: Scope, receive: Receive, answer: "_Answer", error: Exception) -> None:
        if not isinstance(error, VivrError):
            _log.error("request.failed", exc_info=error)
        if answer.status is not None:
            # The answer has begun, or Starlette has sent ours and passes the error on: nothing can be said any more.
            return
        response = await render_error(Request(scope, receive), error, self._error_page)
        await response(scope, receive, answer.send)

    def _record(self, scope: Scope, visit: Visit, status: int | None, took_s: float) -> None:
        route = _route_of(scope)
        status = status or _CLIENT_CLOSED
        self._metrics.count(visit.method, route, status, took_s)
        _log.info(
            "request.answered",
            method=visit.method,
            route=route,
            status=status,
            duration_ms=round(took_s * 1000, 2),
            principal=visit.session.principal if visit.session else None,
        )


class _Answer:
    """Watches an answer go by: its status, and the headers that every answer carries."""

    def __init__(self, send: Send, visit: Visit, security: SecurityHeaders) -> None:
        self._send = send
        self._visit = visit
        self._security = security
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._visit.request_id
            self._security.add_to(headers, is_json=self._visit.wants_json)
            for cookie in self._visit.set_cookies.values():
                headers.append("Set-Cookie", cookie)
        await self._send(message)


def _route_of(scope: Scope) -> str:
    """The route's template, never the path: paths carry ids and what strangers type."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "unmatched"
