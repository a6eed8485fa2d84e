"""``/api/stripe/refunds``: give money back. Staff's refund is made; a customer's is made or recorded, by policy."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from vivr.caller import Caller
from vivr.customers.model import PersonKind
from vivr.errors import NotFound
from vivr.ids import OrderId, ProductId
from vivr.orders.model import Order
from vivr.orders.read_orders import find_order
from vivr.refunds.model import Reason, Wish, WishedUnits
from vivr.refunds.request_refund import RefundRequest
from vivr.web.api.answering import answer_once
from vivr.web.api.envelope import Json, JsonRoute, Success
from vivr.web.api.order_shapes import RefundOut, refund_out
from vivr.web.api.orders import KEY_PARAMETER
from vivr.web.order_access import find_own_order, is_order_id
from vivr.web.refund_ids import refund_id_for
from vivr.web.sessions import session_of
from vivr.web.visit import Visit, visit_of

router = APIRouter(prefix="/api/stripe", tags=["refunds"], route_class=JsonRoute)


class RefundItemIn(Json):
    """Units of a product that go back; ``restock`` puts them onto the shelf again."""

    product_id: str
    quantity: int = Field(description="1 to what of the line is not refunded yet.")
    restock: bool = False


class RefundIn(Json):
    """What goes back: ``amount`` in minor units, or ``items`` and ``shipping``, or, with neither, all that is left.

    An empty list is refused: a client that found no item must not give all back.
    """

    order_id: str
    amount: int | None = None
    items: list[RefundItemIn] = Field(default_factory=list[RefundItemIn], min_length=1)
    shipping: bool = False
    reason: Literal["requested_by_customer", "duplicate", "fraudulent", "other"]


@router.post(
    "/refunds",
    status_code=201,
    response_model=Success[RefundOut],
    summary="Refund an order, or ask for it",
    openapi_extra=KEY_PARAMETER,
)
async def refund(request: Request, body: RefundIn) -> Response:
    """``SUBMITTED`` is on its way, ``REQUESTED`` waits for staff; the order shows how it goes on."""
    visit = visit_of(request)

    async def step(caller: Caller, subject: OrderId) -> tuple[int, RefundOut]:
        order = await _find(visit, body.order_id)
        items = tuple(WishedUnits(ProductId(item.product_id), item.quantity, item.restock) for item in body.items)
        wish = Wish(body.amount, items, body.shipping)
        asked = RefundRequest(refund_id_for(subject), order.id, wish, Reason(body.reason))
        return 201, refund_out(await visit.shop.request_refund(caller, asked))

    return await answer_once(request, "POST /api/stripe/refunds", step, makes_order=False)


async def _find(visit: Visit, order_id: str) -> Order:
    session = await session_of(visit)
    if session is None or session.kind is not PersonKind.STAFF:
        return await find_own_order(visit, order_id)
    async with visit.shop.database.transaction("find_order") as tx:
        order = await find_order(tx, order_id) if is_order_id(order_id) else None
    if order is None:
        raise NotFound("order_not_found")
    return order
