"""``/commande/{id}``: an order for its owner, with the ways to pay it or to cancel it while it is not paid."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.cart.change_cart import set_quantity
from vivr.errors import Unavailable, VivrError
from vivr.orders.model import Order, OrderState
from vivr.payments.read_payments import payments_of
from vivr.web.errors import show_error
from vivr.web.order_access import find_own_order, remember_order
from vivr.web.rendering import localise_path, render_page
from vivr.web.sessions import acting_caller, caller_of, session_of
from vivr.web.storefront.frames import read_frame
from vivr.web.storefront.order_view import read_order_view
from vivr.web.visit import Visit, visit_of

_NOTICES: Final = frozenset({"postponed", "placed"})


async def show_order(request: Request) -> Response:
    """The order; the signed link of a mail is taken once, kept in a cookie, and leaves the address bar."""
    visit = visit_of(request)
    token = request.query_params.get("cle")
    order = await find_own_order(visit, request.path_params["order_id"], token=token)
    if token is not None:
        remember_order(visit, order.id)
        return RedirectResponse(_path(visit, order), 303)
    if order.state == OrderState.PENDING:
        await _ask_stripe(visit, order)
    notice = request.query_params.get("notice")
    return await _render(visit, order, notice=notice if notice in _NOTICES else None)


async def pay_order(request: Request) -> Response:
    """Send the buyer to the page where the order is paid: its open one, or a new one."""
    visit = visit_of(request)
    order = await find_own_order(visit, request.path_params["order_id"])
    try:
        link = await visit.shop.start_checkout(await acting_caller(visit), order.id)
    except VivrError as error:
        return await _render_refusal(visit, order, error)
    return RedirectResponse(link.url, 303)


async def cancel_own_order(request: Request) -> Response:
    """Cancel an unpaid order and put its items back into the basket that they came from."""
    visit = visit_of(request)
    order = await find_own_order(visit, request.path_params["order_id"])
    try:
        await visit.shop.cancel_order(await acting_caller(visit), order.id)
    except VivrError as error:
        return await _render_refusal(visit, order, error)
    session = await session_of(visit)
    if session is None or session.principal != order.principal:
        return RedirectResponse(_path(visit, order), 303)
    await _refill_cart(visit, order)
    return RedirectResponse(localise_path("/panier", visit.locale) + "?notice=restored", 303)


async def _ask_stripe(visit: Visit, order: Order) -> None:
    """Settle the open payment before the page says that it is open; the page shows what is known if Stripe is away."""
    async with visit.shop.database.transaction("payments_of") as tx:
        sessions = [payment.session_id for payment in await payments_of(tx, order.id) if payment.session_id]
    if sessions:
        try:
            await visit.shop.settle_session(await caller_of(visit), sessions[-1])
        except Unavailable:
            return


async def _refill_cart(visit: Visit, order: Order) -> None:
    view = await read_order_view(visit, order.id)
    now = visit.shop.clock.now()
    async with visit.shop.database.transaction("refill_cart") as tx:
        for line in view.lines:
            if line.product_id is not None:
                # Set, not added: pressing the button twice gives the same basket.
                await set_quantity(tx, order.principal, line.product_id, line.quantity, now)


async def _render_refusal(visit: Visit, order: Order, error: VivrError) -> Response:
    shown = show_error(visit, error)
    answer = await _render(visit, order, problem=shown.sentence, status=shown.status)
    answer.headers.update(shown.headers())
    return answer


async def _render(
    visit: Visit, order: Order, *, notice: str | None = None, problem: str = "", status: int = 200
) -> Response:
    return render_page(
        "storefront/order.html",
        await read_frame(visit),
        status=status,
        view=await read_order_view(visit, order.id),
        notice=notice,
        problem=problem,
    )


def _path(visit: Visit, order: Order) -> str:
    return localise_path(f"/commande/{order.id}", visit.locale)
