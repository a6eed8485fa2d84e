"""The addresses of the controls; each takes the account's key (`Authorization: Bearer`, or `?key=`) and speaks JSON."""

from collections.abc import Callable
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stripe_sandbox.control import acts, bank, looks
from stripe_sandbox.control.request import Control, read_body
from stripe_sandbox.faults import take_closing
from stripe_sandbox.keys import secret_key
from stripe_sandbox.sandbox import Sandbox
from stripe_sandbox.scenarios.refusal import Refused
from stripe_sandbox.state.work import open_work
from stripe_sandbox.timers import run_due
from stripe_sandbox.wire.errors import StripeError

PREFIX = "/_sandbox"


Action = Callable[[Control], Any]


def control_routes(sandbox: Sandbox) -> list[Route]:
    """All controls."""

    def route(method: str, path: str, action: Action) -> Route:
        async def endpoint(request: Request) -> Response:
            return await _answer(sandbox, request, action)

        return Route(PREFIX + path, endpoint, methods=[method])

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "accounts": len(sandbox.store.list_accounts())})

    return [
        Route(PREFIX + "/health", health, methods=["GET"]),
        route("GET", "/clock", looks.show_clock),
        route("POST", "/clock", acts.move_clock),
        route("GET", "/deliveries", looks.list_deliveries),
        route("GET", "/requests", looks.count_requests),
        route("DELETE", "/requests", acts.reset_requests),
        route("GET", "/faults", looks.show_faults),
        route("POST", "/faults", acts.arm),
        route("POST", "/scenarios", acts.play),
        route("GET", "/scenarios", looks.show_scenarios),
        route("DELETE", "/scenarios", acts.forget_scenarios),
        route("DELETE", "/faults", acts.clear),
        route("DELETE", "/faults/{id}", acts.disarm),
        route("POST", "/bank/{id}/{act}", bank.play_bank),
        route("POST", "/payouts", bank.pay_out),
        route("POST", "/settings", acts.change_settings),
        route("POST", "/webhook_endpoints/{id}/roll", acts.roll_secret),
        route("POST", "/restricted_keys", acts.make_key),
        route("GET", "/log", looks.show_log),
        route("DELETE", "/account", acts.forget_account),
        route("POST", "/snapshot", acts.take_snapshot),
        route("POST", "/restore", acts.restore_snapshot),
    ]


async def _answer(sandbox: Sandbox, request: Request, action: Action) -> Response:
    """Finds the account, runs what is due, acts, and lets what became due be delivered."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return JSONResponse({"error": "Another web site asked for this."}, 403)
    try:
        key = secret_key(dict(request.headers), request.query_params.get("key"))
        body = read_body(await request.body())
        account = sandbox.gate.enter(key)
        run_due(sandbox.store, account)
        control = Control(sandbox, account, dict(request.path_params), dict(request.query_params), body)
        result = action(control)
        with open_work(sandbox.store, account) as work:
            closed_s = take_closing(work)
    except StripeError as error:
        return JSONResponse({"error": str(error)}, error.status)
    except Refused as error:
        return JSONResponse({"error": str(error)}, error.status)
    sandbox.courier.wake()
    if not closed_s:
        return JSONResponse(result)

    # Answered first, on a connection that ends with the answer: then nobody is let in.
    async def shut() -> None:
        sandbox.door.shut(closed_s)

    return JSONResponse(result, headers={"Connection": "close"}, background=BackgroundTask(shut))
