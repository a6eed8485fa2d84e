"""Forms that act once: a double click, a resubmitted form or a crash in between gives the first answer again."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from starlette.responses import RedirectResponse

from vivr.bootstrap import Shop
from vivr.caller import Caller
from vivr.customers.model import Person
from vivr.errors import Conflict
from vivr.idempotency.model import Answer
from vivr.ids import OrderId, PersonId
from vivr.web.accounts import reenter_account
from vivr.web.idempotency import GivenAnswer, run_idempotently
from vivr.web.visit import Visit

KEY_FIELD: Final = "idempotency_key"

_NOT_COMPARED: Final = {KEY_FIELD, "password", "current_password", "cle"}
_FORM_OWNER: Final = "guest:form"
_REENTRY: Final = timedelta(minutes=1)
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
    key: str | None,
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


async def enter_once(visit: Visit, route: str, form: Mapping[str, str], work: Callable[[], Awaitable[Person]]) -> None:
    """Run a form that enters an account once per key; a second click enters the same account.

    The first answer, with the cookie of its session, is lost when somebody clicks twice, and the session of the second
    click has ended by then. So the key belongs to the form alone, the repeat opens one more session, and only within a
    minute, because whoever finds the form in a browser later must not come in by it. Secrets are not compared: they
    are kept nowhere, not even hashed.

    Raises:
        VivrError: what the work raises; see ``run_form_once``.
    """
    now = visit.shop.clock.now()

    async def run(_order_id: OrderId) -> Answer:
        person = await work()
        return Answer(303, f"{person.id} {now.isoformat()}".encode())

    plain = {name: value for name, value in form.items() if name not in _NOT_COMPARED}
    caller = Caller(_FORM_OWNER, "guest", visit.request_id)
    given = await run_form_once(visit.shop, caller, route, form.get(KEY_FIELD) or None, plain, run)
    person_id, _, at = given.answer.body.decode().partition(" ")
    if given.is_replayed and now - datetime.fromisoformat(at) < _REENTRY:
        await reenter_account(visit, PersonId(person_id))
