"""``/admin/commandes/{id}/rembourser`` and ``/admin/remboursements/{id}/…``: give money back, accept or decline."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.errors import InvalidInput, NotFound, VivrError
from vivr.ids import OrderId, PaymentId, RefundId
from vivr.money import AmountTextError, parse_major
from vivr.orders.read_orders import find_order
from vivr.refunds.model import LineRest, Reason, Wish, WishedUnits
from vivr.refunds.read_refunds import find_refund, rests_of
from vivr.refunds.request_refund import RefundRequest
from vivr.web.backoffice.orders import act_on_order, order_id_in, order_page_path, render_order_refusal
from vivr.web.backoffice.staff_pages import for_staff
from vivr.web.forms import check_form_token, read_form
from vivr.web.refund_ids import refund_id_for
from vivr.web.sessions import acting_caller
from vivr.web.storefront.form_parts import ShownForm, read_quantity
from vivr.web.visit import Visit

ROUTE: Final = "POST /admin/commandes/rembourser"
_REASONS: Final = {str(reason): reason for reason in Reason}


@for_staff
async def refund_order(request: Request, visit: Visit) -> Response:
    """Refund what the form says, once however often it is sent."""
    form = await read_form(request)
    await check_form_token(visit, form)
    order_id = order_id_in(request)
    caller = await acting_caller(visit)

    async def work(subject: OrderId) -> None:
        wish = await _read_wish(visit, order_id, form)
        reason = _REASONS.get(form.get("reason", ""), Reason.OTHER)
        payment_id = PaymentId(form.get("payment", ""))
        asked = RefundRequest(refund_id_for(subject), order_id, wish, reason, payment_id)
        await visit.shop.request_refund(caller, asked)

    return await act_on_order(visit, caller, ROUTE, order_id, form, work)


@for_staff
async def accept(request: Request, visit: Visit) -> Response:
    """Staff's word for a requested refund."""
    return await _decide(request, visit, accepts=True)


@for_staff
async def decline(request: Request, visit: Visit) -> Response:
    """Staff's word against it."""
    return await _decide(request, visit, accepts=False)


async def _decide(request: Request, visit: Visit, *, accepts: bool) -> Response:
    await check_form_token(visit, await read_form(request))
    async with visit.shop.database.transaction("find_refund") as tx:
        refund = await find_refund(tx, RefundId(request.path_params["refund_id"]))
    if refund is None:
        raise NotFound("refund_not_found")
    caller = await acting_caller(visit)
    decide = visit.shop.accept_refund if accepts else visit.shop.decline_refund
    try:
        await decide(caller, refund.id)
    except VivrError as error:
        return await render_order_refusal(visit, refund.order_id, error, ShownForm())
    return RedirectResponse(order_page_path(visit, refund.order_id), 303)


async def _read_wish(visit: Visit, order_id: str, form: Mapping[str, str]) -> Wish:
    """What the form asks for.

    Raises:
        InvalidInput: a number can't be read.
    """
    async with visit.shop.database.transaction("read_rests") as tx:
        order = await find_order(tx, order_id)
        rests = await rests_of(tx, order_id)
    if order is None:
        raise NotFound("order_not_found")
    match form.get("what"):
        case "amount":
            try:
                return Wish(amount_minor=parse_major(form.get("amount", "").strip(), order.currency).amount_minor)
            except AmountTextError:
                raise InvalidInput({"amount": "amount_malformed"}) from None
        case "items":
            return _read_items(rests, form)
        case _:
            return Wish()


def _read_items(rests: list[LineRest], form: Mapping[str, str]) -> Wish:
    items: list[WishedUnits] = []
    for rest in rests:
        name, product_id = f"quantity_{rest.line.position}", rest.line.product_id
        quantity = read_quantity(form.get(name, "").strip() or "0")
        if quantity is None:
            raise InvalidInput({name: "whole_number_expected"})
        if product_id is not None and quantity:
            items.append(WishedUnits(product_id, quantity, restock=f"restock_{rest.line.position}" in form))
    if not items and "shipping" not in form:
        # Nothing named would mean all that is left, which is another choice of this form.
        raise InvalidInput({"items": "required"})
    return Wish(items=tuple(items), shipping="shipping" in form)
