"""Unsafe requests that may be repeated: one wrapper around the work of a route, for the API and for forms.

With a key the first final answer is given again; without one the work runs under a random key: there is one way.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from vivr.bootstrap import Shop
from vivr.caller import Caller
from vivr.errors import Conflict, Refusal, VivrError
from vivr.idempotency.claim_request import RequestKey, claim_request, keep_answer, release_request
from vivr.idempotency.model import Answer, Differs, InFlight, New, Replay, is_key
from vivr.ids import OrderId, new_order_id

Work: TypeAlias = Callable[[OrderId], Awaitable[Answer]]
"""Does the work under an id and gives its final answer; what it raises is not final, and is not stored."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """A final answer, the id that it was made under, and whether it is a repeat of the first one."""

    answer: Answer
    subject_id: OrderId
    is_replayed: bool


async def run_idempotently(
    shop: Shop, caller: Caller, route: str, key: str | None, body: Mapping[str, object], work: Work
) -> GivenAnswer:
    """Run a route's work once per key.

    Args:
        shop: the live objects.
        caller: whose key it is.
        route: the name of the route; one key may be used once on each.
        key: the client's, or a form's hidden one; None: a repeat can't be told.
        body: the input that a repeat must bring again.
        work: what to do; called again for the same order id after a crash or a refusal that was not final.

    Raises:
        VivrError: ``idempotency_key_malformed``.
        Refusal: ``idempotency_key_reused``: the input differs; names the fields.
        Conflict: ``request_in_flight``, with ``retry_after_s``.
    """
    if key is not None and not is_key(key):
        raise VivrError("idempotency_key_malformed")
    request = RequestKey(caller.actor, route, key or f"random-{secrets.token_hex(16)}")
    fresh_id = new_order_id(shop.clock.now())
    claim = await claim_request(shop.database, shop.clock, shop.seals, request, body, subject_id=fresh_id)
    match claim:
        case Differs(fields):
            raise Refusal("idempotency_key_reused", differing=", ".join(fields), fields=fields)
        case InFlight(retry_after_s):
            raise Conflict("request_in_flight", retry_after_s=retry_after_s)
        case Replay(subject_id, answer):
            return GivenAnswer(answer, OrderId(subject_id), is_replayed=True)
        case New():
            answer = await _do(shop, request, claim, work)
            return GivenAnswer(answer, OrderId(claim.subject_id), is_replayed=False)


async def _do(shop: Shop, request: RequestKey, claim: New, work: Work) -> Answer:
    try:
        answer = await work(OrderId(claim.subject_id))
    except Exception:
        # If the database is away the lease ends by itself, and the first error is the one to tell.
        with suppress(VivrError):
            await release_request(shop.database, shop.clock, request, claim)
        raise
    await keep_answer(shop.database, shop.seals, request, claim, answer)
    return answer
