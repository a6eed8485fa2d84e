"""The FastAPI application of the JSON routes, kept thin: routing, Pydantic at the edge, and ``/openapi.json``."""

from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.types import ExceptionHandler

from vivr.errors import VivrError
from vivr.web.api import auth, orders, products, stripe_checkout, stripe_payment_intents, stripe_refunds
from vivr.web.api.envelope import ERROR_RESPONSES, JsonRoute

_ABOUT: Final = """
The JSON routes of a VIVR shop. Success is `{"success": true, "data": …}`, failure is
`{"success": false, "error": "<sentence>", "code": "<snake_case>", "requestId": "req_…"}`.
Amounts are integers in minor units beside a `currency`; lists are `{items, nextCursor}`.
Unsafe calls accept an `Idempotency-Key`, and carry the shop's `Origin` when they carry a cookie.
"""


def api_app(handlers: Mapping[type[Exception], ExceptionHandler]) -> FastAPI:
    """The application.

    Args:
        handlers: exception class -> how it is answered.
    """
    app = FastAPI(
        title="VIVR",
        version="0.1.0",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        responses=ERROR_RESPONSES,
        redirect_slashes=False,
    )
    for kind, handler in {**handlers, RequestValidationError: handlers[VivrError]}.items():
        app.add_exception_handler(kind, handler)
    app.router.route_class = JsonRoute
    for room in (auth, products, orders, stripe_checkout, stripe_payment_intents, stripe_refunds):
        app.include_router(room.router)
    return app
