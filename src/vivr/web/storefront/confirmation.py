"""``/checkout/success``: where Stripe sends the buyer back. The redirect proves nothing: Stripe itself is asked."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vivr.errors import NotFound, Unavailable
from vivr.orders.model import Order
from vivr.orders.read_orders import find_order
from vivr.payments.model import Payment
from vivr.payments.read_payments import payment_by_session
from vivr.web.order_access import remembered_orders
from vivr.web.rendering import localise_path, render_page
from vivr.web.sessions import caller_of, session_of
from vivr.web.storefront.frames import read_frame
from vivr.web.storefront.order_view import read_order_view, stage_of
from vivr.web.visit import Visit, visit_of


async def show_confirmation(request: Request) -> Response:
    """The receipt, or that the payment is still being confirmed; a stranger sees the number and the status alone."""
    visit = visit_of(request)
    session_id = request.query_params.get("session_id", "")
    order, payment = await _settle(visit, session_id)
    stage = stage_of(order, payment)
    query = urlencode({"session_id": session_id})
    is_own = await _is_own(visit, order)
    return render_page(
        "storefront/confirmation.html",
        await read_frame(visit, query=query),
        stage=stage,
        number=order.shown_number,
        order_id=order.id if is_own else None,
        view=await read_order_view(visit, order.id) if is_own and stage != "confirming" else None,
        status_url=f"{localise_path('/checkout/status', visit.locale)}?{query}",
    )


async def tell_stage(request: Request) -> Response:
    """The stage alone, for the script of the confirming page."""
    visit = visit_of(request)
    order, payment = await _settle(visit, request.query_params.get("session_id", ""))
    return JSONResponse({"stage": stage_of(order, payment)}, headers={"Cache-Control": "no-store"})


async def _settle(visit: Visit, session_id: str) -> tuple[Order, Payment]:
    """Settle a session of ours; while Stripe can't be reached, what we know already.

    Raises:
        NotFound: ``order_not_found``: no session of ours; Stripe is not asked about it.
    """
    try:
        settlement = await visit.shop.settle_session(await caller_of(visit), session_id)
    except Unavailable:
        return await _known(visit, session_id)
    if settlement is None:
        raise NotFound("order_not_found")
    return settlement.order, settlement.payment


async def _known(visit: Visit, session_id: str) -> tuple[Order, Payment]:
    async with visit.shop.database.transaction("known_payment") as tx:
        payment = await payment_by_session(tx, session_id)
        order = None if payment is None else await find_order(tx, payment.order_id)
    if payment is None or order is None:
        raise NotFound("order_not_found")
    return order, payment


async def _is_own(visit: Visit, order: Order) -> bool:
    session = await session_of(visit)
    return (session is not None and session.principal == order.principal) or order.id in remembered_orders(visit)
