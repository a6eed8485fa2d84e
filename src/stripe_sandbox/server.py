"""The ASGI application.

Stripe's API is under /v1, the hosted pages under /c, the controls under /_sandbox, and an overview at /.

`build_app` gives an application that works without a socket too (timers then run with each call, and deliveries with
`sandbox.courier`).
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from stripe_sandbox.api import Api, ApiAnswer, ApiRequest
from stripe_sandbox.control.routes import control_routes
from stripe_sandbox.deliveries import Courier
from stripe_sandbox.door import Door
from stripe_sandbox.hangup import cut_connection
from stripe_sandbox.keys import Gate
from stripe_sandbox.listeners import SOCKET_PATH
from stripe_sandbox.options import Options
from stripe_sandbox.pages.routes import page_routes
from stripe_sandbox.record import Record
from stripe_sandbox.sandbox import Sandbox
from stripe_sandbox.state.store import Store

UPLOADS = "/v1/files"
BODY_BYTES_MAX = 2_000_000
UPLOAD_BYTES_MAX = 17_000_000
METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH"]


class AnswerLostError(Exception):
    """In process there is no connection to cut: the caller of the application sees this instead of an answer."""


def build_app(store: Store, options: Options | None = None) -> Starlette:
    """The application over an open store; its state is `app.state.sandbox`."""
    chosen = options or Options()
    gate = Gate(store, chosen.webhooks, chosen.limits.accounts)
    record = Record(chosen.record)
    door = Door(store.clock)
    api = Api(store, gate, door, record.keep_answer, chosen.limits)
    sandbox = Sandbox(store, chosen, gate, api, Courier(store, chosen, door, record.keep_delivery), door)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[dict[str, Door]]:
        running = asyncio.create_task(sandbox.courier.run())
        try:
            yield {"door": door}
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    routes: list[BaseRoute] = [
        Route("/v1/{rest:path}", ApiEndpoint(sandbox), methods=METHODS),
        Mount("/static", StaticFiles(directory=str(files("stripe_sandbox") / "static"))),
        WebSocketRoute(SOCKET_PATH, sandbox.courier.taps.serve),
        *control_routes(sandbox),
        *page_routes(sandbox),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.add_middleware(Guard, allowed=chosen.allowed_hosts)
    app.state.sandbox = sandbox
    return app


@dataclass
class Guard:
    """Refuses what is too large, and host names that the sandbox is not meant for.

    Without the latter any web page could reach it under a name that was pointed at this machine.
    """

    app: ASGIApp
    allowed: tuple[str, ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is not refused."""
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        await (refusal or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        if self.allowed and name not in self.allowed:
            return PlainTextResponse("This sandbox does not answer to that host name.", 421)
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > (UPLOAD_BYTES_MAX if scope["path"] == UPLOADS else BODY_BYTES_MAX):
            return PlainTextResponse("The request is too large.", 413)
        return None


@dataclass
class ApiEndpoint:
    """Stripe's API as one ASGI endpoint."""

    sandbox: Sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the call, answers it, or cuts the connection where a fault says so."""
        request = Request(scope, receive)
        answer = await self.sandbox.api.answer(
            ApiRequest(
                method=request.method,
                path=request.url.path,
                query=request.url.query,
                body=await request.body(),
                headers={name.lower(): value for name, value in request.headers.items()},
                base_url=str(request.base_url).rstrip("/"),
            )
        )
        self.sandbox.courier.wake()
        if answer.truncated:
            await _send_half(answer, send)
        elif not answer.hang_up:
            await Response(answer.body, answer.status, answer.headers, "application/json")(scope, receive, send)
            return
        if not cut_connection(scope.get("client")):
            raise AnswerLostError
        while (await receive())["type"] != "http.disconnect":
            pass


async def _send_half(answer: ApiAnswer, send: Send) -> None:
    """Announces the whole body and sends its first half."""
    whole = Response(answer.body, answer.status, answer.headers, "application/json")
    body = bytes(whole.body)
    await send({"type": "http.response.start", "status": whole.status_code, "headers": whole.raw_headers})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
