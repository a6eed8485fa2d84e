"""``/admin/exceptions``: money that does not fit and what can be done about it, and refunds that wait for a word."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.caller import Caller
from vivr.errors import VivrError
from vivr.money_exceptions.model import MoneyException
from vivr.money_exceptions.read_exceptions import held_sums, open_exceptions, resolved_exceptions
from vivr.refunds.read_refunds import open_requests
from vivr.web.backoffice.exception_view import show_exception
from vivr.web.backoffice.staff_pages import for_staff, render_staff_page
from vivr.web.errors import show_error
from vivr.web.forms import check_form_token, read_form
from vivr.web.rendering import localise_path
from vivr.web.sessions import acting_caller
from vivr.web.visit import Visit

_RESOLVED_SHOWN = 20


@for_staff
async def list_exceptions(request: Request, visit: Visit) -> Response:
    """The open exceptions, what is held, and the refunds that wait for a word."""
    del request
    return await _render(visit)


@for_staff
async def give_back(request: Request, visit: Visit) -> Response:
    """Give held money back."""
    return await _resolve(request, visit, visit.shop.give_back)


@for_staff
async def accept(request: Request, visit: Visit) -> Response:
    """Let held money settle an order."""
    return await _resolve(request, visit, visit.shop.accept_money)


@for_staff
async def acknowledge(request: Request, visit: Visit) -> Response:
    """Close what holds no money, with a reason."""
    form = await read_form(request)

    async def act(caller: Caller, exception_id: str) -> MoneyException:
        return await visit.shop.acknowledge(caller, exception_id, form.get("note", ""))

    return await _resolve(request, visit, act)


async def _resolve(request: Request, visit: Visit, act: Callable[[Caller, str], Awaitable[MoneyException]]) -> Response:
    await check_form_token(visit, await read_form(request))
    caller = await acting_caller(visit)
    try:
        resolved = await act(caller, request.path_params["exception_id"])
    except VivrError as error:
        shown = show_error(visit, error)
        return await _render(visit, problem=shown.sentence, status=shown.status)
    page = f"/admin/commandes/{resolved.accepted_order_id}" if resolved.accepted_order_id else "/admin/exceptions"
    return RedirectResponse(localise_path(page, visit.locale), 303)


async def _render(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    async with visit.shop.database.transaction("open_exceptions") as tx:
        exceptions = await open_exceptions(tx)
        resolved = await resolved_exceptions(tx, _RESOLVED_SHOWN)
        sums = await held_sums(tx)
        requests = await open_requests(tx)
    rule_after = visit.shop.resolution_terms().rule_after
    return render_staff_page(
        visit,
        "backoffice/exceptions.html",
        status=status,
        exceptions=[show_exception(one, visit.locale, rule_after) for one in exceptions],
        resolved=resolved,
        sums=sums,
        requests=requests,
        problem=problem,
    )
