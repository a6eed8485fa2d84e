"""``/api/orders``: place, list, show and cancel one's own orders."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from vivr.caller import Caller
from vivr.customers.contact import Address
from vivr.errors import InvalidInput
from vivr.ids import OrderId
from vivr.orders.model import Order
from vivr.orders.read_orders import lines_of, orders_of_principal
from vivr.payments.read_payments import payments_of
from vivr.refunds.read_refunds import refunds_of_order
from vivr.web.api.answering import answer_once
from vivr.web.api.envelope import JsonRoute, Success
from vivr.web.api.order_shapes import AddressIn, OrderIn, OrderOut, OrdersOut, order_out
from vivr.web.order_access import find_own_order, is_order_id
from vivr.web.order_requests import OrderWish, WishedItem, order_request
from vivr.web.sessions import session_of
from vivr.web.visit import Visit, visit_of

router = APIRouter(prefix="/api/orders", tags=["orders"], route_class=JsonRoute)

KEY_PARAMETER = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": "A repeat with the same key and body gets the first final answer again, for 48 hours.",
        }
    ]
}


@router.post(
    "", status_code=201, response_model=Success[OrderOut], summary="Place an order", openapi_extra=KEY_PARAMETER
)
async def place(request: Request, body: OrderIn) -> Response:
    """Prices and stock are the server's; ``price`` of a line only guards against a price that changed meanwhile."""
    visit = visit_of(request)

    async def step(caller: Caller, order_id: OrderId) -> tuple[int, OrderOut]:
        order = await place_wish(visit, caller, order_id, body)
        return 201, await show_order(visit, order)

    return await answer_once(request, "POST /api/orders", step, makes_order=True)


@router.get("", summary="List my orders")
async def list_orders(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> Success[OrdersOut]:
    """The orders of this account, or of this guest's session, newest first."""
    visit = visit_of(request)
    session = await session_of(visit)
    if cursor is not None and not is_order_id(cursor):
        raise InvalidInput({"cursor": "cursor_malformed"})
    if session is None:
        return Success(data=OrdersOut(items=[], next_cursor=None))
    async with visit.shop.database.transaction("list_orders") as tx:
        # One more tells whether there is a next part.
        orders = await orders_of_principal(tx, session.principal, before=cursor, limit=limit + 1)
        shown = [
            order_out(
                order,
                await lines_of(tx, order.id),
                await payments_of(tx, order.id),
                await refunds_of_order(tx, order.id),
            )
            for order in orders[:limit]
        ]
    next_cursor = shown[-1].id if len(orders) > limit else None
    return Success(data=OrdersOut(items=shown, next_cursor=next_cursor))


@router.get("/{order_id}", summary="One of my orders")
async def show(
    request: Request, order_id: str, cle: Annotated[str | None, Query(max_length=200)] = None
) -> Success[OrderOut]:
    """An order of this account or session, or one that a signed link opens (``cle``); another's does not exist."""
    visit = visit_of(request)
    order = await find_own_order(visit, order_id, token=cle)
    return Success(data=await show_order(visit, order))


@router.post(
    "/{order_id}/cancel",
    response_model=Success[OrderOut],
    summary="Cancel an unpaid order of mine",
    openapi_extra=KEY_PARAMETER,
)
async def cancel(request: Request, order_id: str) -> Response:
    """Frees the stock once Stripe confirms that nobody can pay it any more; authorised money is released."""
    visit = visit_of(request)

    async def step(caller: Caller, _: OrderId) -> tuple[int, OrderOut]:
        order = await find_own_order(visit, order_id)
        return 200, await show_order(visit, await visit.shop.cancel_order(caller, order.id))

    body = {"orderId": order_id}
    return await answer_once(request, "POST /api/orders/{id}/cancel", step, makes_order=False, body=body)


async def place_wish(visit: Visit, caller: Caller, order_id: OrderId, body: OrderIn) -> Order:
    """Place the order of a body under an id."""
    wish = OrderWish(
        items=[WishedItem(item.product_id, item.quantity, item.price) for item in body.items],
        address=_address(body.address),
        email=body.email,
        currency=body.currency,
        shipping_option=body.shipping_option,
        promotion_code=body.promotion_code,
    )
    return await visit.shop.place_order(caller, order_id, await order_request(visit, wish))


async def show_order(visit: Visit, order: Order) -> OrderOut:
    """An order as the wire shows it."""
    async with visit.shop.database.transaction("show_order") as tx:
        return order_out(
            order,
            await lines_of(tx, order.id),
            await payments_of(tx, order.id),
            await refunds_of_order(tx, order.id),
        )


def _address(given: AddressIn) -> Address:
    return Address(
        name=given.name,
        line1=given.line1,
        line2=given.line2 or None,
        postal_code=given.postal_code,
        city=given.city,
        state=given.state or None,
        country=given.country,
        phone=given.phone or None,
    )
