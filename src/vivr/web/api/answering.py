"""Answers of unsafe routes: done once per ``Idempotency-Key``, final refusals stored like successes."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from vivr.caller import Caller
from vivr.errors import VivrError
from vivr.idempotency.model import Answer
from vivr.ids import OrderId
from vivr.web.api.envelope import Json, Success
from vivr.web.errors import failure_body, show_error
from vivr.web.idempotency import run_idempotently
from vivr.web.order_access import remember_order
from vivr.web.sessions import acting_caller, session_of
from vivr.web.visit import Visit, visit_of

Step: TypeAlias = Callable[[Caller, OrderId], Awaitable[tuple[int, Json]]]
"""A route's work under an order id: the status and the data of its answer."""

_PASSING: Final = frozenset((401, 408, 409, 429))
"""Statuses that say something of the moment; like 5xx they are answered and not stored."""


async def answer_once(
    request: Request, route: str, step: Step, *, makes_order: bool, body: Mapping[str, object] | None = None
) -> Response:
    """Run a route's work once per key and answer in the envelope.

    Args:
        request: its body is JSON and was validated.
        route: the name that a key is unique within.
        step: the work.
        body: the input that a repeat must bring again, where the request has no body.
        makes_order: whether the id that the work runs under is an order's: then this browser may see it later.

    Raises:
        VivrError: ``idempotency_needs_session``: a guest sent a key without a session to hold it to.
    """
    visit = visit_of(request)
    key = request.headers.get("idempotency-key")
    if key is not None and await session_of(visit) is None:
        raise VivrError("idempotency_needs_session")
    caller = await acting_caller(visit)
    sent: Mapping[str, object] = await request.json() if body is None else body
    given = await run_idempotently(
        visit.shop, caller, route, key, sent, lambda order_id: _answer(visit, caller, step, order_id)
    )
    if makes_order and given.answer.status < 300:  # noqa: PLR2004 - HTTP's own word
        remember_order(visit, given.subject_id)
    headers = {"Idempotency-Replayed": "true"} if given.is_replayed else {}
    return Response(given.answer.body, given.answer.status, headers, media_type="application/json")


async def _answer(visit: Visit, caller: Caller, step: Step, order_id: OrderId) -> Answer:
    try:
        status, data = await step(caller, order_id)
    except VivrError as error:
        shown = show_error(visit, error)
        if shown.status in _PASSING or shown.status >= 500:  # noqa: PLR2004 - HTTP's own word
            raise
        return Answer(shown.status, msgspec.json.encode(failure_body(shown, error)))
    return Answer(status, Success(data=data).model_dump_json(by_alias=True).encode())
