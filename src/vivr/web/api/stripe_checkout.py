"""``/api/stripe/checkout``: from a placed order, or from a basket in one step, to the page where it is paid."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, cast

from fastapi import APIRouter, Request
from pydantic import Discriminator, Tag
from starlette.responses import Response

from vivr.caller import Caller
from vivr.errors import Conflict
from vivr.ids import OrderId
from vivr.orders.model import Order
from vivr.orders.read_orders import lines_of
from vivr.web.api.answering import answer_once
from vivr.web.api.envelope import Json, JsonRoute, Success
from vivr.web.api.order_shapes import ItemIn, OrderIn
from vivr.web.api.orders import KEY_PARAMETER, place_wish
from vivr.web.order_access import find_own_order
from vivr.web.visit import Visit, visit_of

router = APIRouter(prefix="/api/stripe", tags=["checkout"], route_class=JsonRoute)


class OrderReference(Json):
    """An order that was placed; ``items``, where a front end sends them again, must be the order's."""

    order_id: str
    items: list[ItemIn] | None = None


class CheckoutOut(Json):
    """Where the order is paid."""

    session_id: str
    url: str
    order_id: str


def _which(body: object) -> str:
    is_reference = isinstance(body, Mapping) and cast("Mapping[str, object]", body).get("orderId") is not None
    return "AsReference" if is_reference else "AsOrder"


CheckoutIn = Annotated[
    Annotated[OrderReference, Tag("AsReference")] | Annotated[OrderIn, Tag("AsOrder")], Discriminator(_which)
]


@router.post(
    "/checkout",
    status_code=201,
    response_model=Success[CheckoutOut],
    summary="Get the page where an order is paid",
    openapi_extra=KEY_PARAMETER,
)
async def checkout(request: Request, body: CheckoutIn) -> Response:
    """A repeat gives the same open page; an order is placed first where the body is one."""
    visit = visit_of(request)

    async def step(caller: Caller, order_id: OrderId) -> tuple[int, CheckoutOut]:
        if isinstance(body, OrderReference):
            order = await _find(visit, body)
        else:
            order = await place_wish(visit, caller, order_id, body)
        link = await visit.shop.start_checkout(caller, order.id)
        return 201, CheckoutOut(session_id=link.session_id, url=link.url, order_id=link.order_id)

    return await answer_once(request, "POST /api/stripe/checkout", step, makes_order=isinstance(body, OrderIn))


async def _find(visit: Visit, reference: OrderReference) -> Order:
    order = await find_own_order(visit, reference.order_id)
    if reference.items is not None:
        async with visit.shop.database.transaction("compare_items") as tx:
            lines = await lines_of(tx, order.id)
        frozen = Counter({line.product_id: line.quantity for line in lines if line.kind == "product"})
        sent: Counter[str | None] = Counter()
        for item in reference.items:
            sent[item.product_id] += item.quantity
        if sent != frozen:
            raise Conflict("items_changed")
    return order
