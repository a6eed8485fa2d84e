"""Forms that act once: a double click, a resubmitted form or a crash in between gives the first answer again."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.responses import RedirectResponse

from vivr.bootstrap import Shop
from vivr.caller import Caller
from vivr.errors import Conflict
from vivr.idempotency.model import Answer
from vivr.ids import OrderId
from vivr.web.idempotency import GivenAnswer, run_idempotently

KEY_FIELD: Final = "idempotency_key"

_PATIENCE_TURNS: Final = 24
_PATIENCE_PAUSE_S: Final = 0.5
_IN_FLIGHT: Final = "request_in_flight"


def fresh_key() -> str:
    """A key for one rendered form."""
    return f"form-{secrets.token_urlsafe(18)}"


async def run_form_once(
    shop: Shop,
    caller: Caller,
    route: str,
    key: str,
    form: Mapping[str, str],
    work: Callable[[OrderId], Awaitable[Answer]],
) -> GivenAnswer:
    """Run a form's work once per key, and wait for a first click that is still being worked on.

    A browser shows the answer of the second click and throws the first one's away, so that the second has to bring it.

    Raises:
        Conflict: ``request_in_flight``: the first click took longer than twelve seconds.
        VivrError: what the work raises, or ``idempotency_key_reused``; see ``run_idempotently``.
    """
    for _ in range(_PATIENCE_TURNS):
        try:
            return await run_idempotently(shop, caller, route, key, form, work)
        except Conflict as error:
            if error.code != _IN_FLIGHT:
                raise
        await asyncio.sleep(_PATIENCE_PAUSE_S)
    raise Conflict(_IN_FLIGHT, retry_after_s=2)


def see_other(url: str) -> Answer:
    """A final answer that sends the browser on."""
    return Answer(303, url.encode())


def redirect_of(given: GivenAnswer) -> RedirectResponse:
    """The redirect that a final answer stands for."""
    return RedirectResponse(given.answer.body.decode(), given.answer.status)
