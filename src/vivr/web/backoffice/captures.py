"""``/admin/commandes/{id}/encaisser`` and ``…/liberer``: take an order's authorised money, or give it up."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.errors import InvalidInput, VivrError
from vivr.ids import OrderId, ProductId
from vivr.orders.amend_order import lines_as_placed
from vivr.orders.model import OrderLine, Strike
from vivr.payments.capture_payment import CaptureRequest
from vivr.web.backoffice.orders import act_on_order, order_id_in, order_page_path, render_order_refusal
from vivr.web.backoffice.staff_pages import for_staff
from vivr.web.forms import check_form_token, read_form
from vivr.web.sessions import acting_caller
from vivr.web.storefront.form_parts import ShownForm, read_quantity
from vivr.web.visit import Visit

ROUTE: Final = "POST /admin/commandes/encaisser"


@for_staff
async def capture_order(request: Request, visit: Visit) -> Response:
    """Capture what the form says, once however often it is sent."""
    form = await read_form(request)
    await check_form_token(visit, form)
    order_id = order_id_in(request)
    caller = await acting_caller(visit)

    async def work(_: OrderId) -> None:
        async with visit.shop.database.transaction("lines_as_placed") as tx:
            lines = await lines_as_placed(tx, order_id)
        await visit.shop.capture_payment(caller, CaptureRequest(order_id, _read_strike(lines, form)))

    return await act_on_order(visit, caller, ROUTE, order_id, form, work)


@for_staff
async def release_order(request: Request, visit: Visit) -> Response:
    """Give the authorised money up, and cancel the order with it."""
    await check_form_token(visit, await read_form(request))
    order_id = order_id_in(request)
    try:
        await visit.shop.release_order(await acting_caller(visit), order_id)
    except VivrError as error:
        return await render_order_refusal(visit, order_id, error, ShownForm())
    return RedirectResponse(order_page_path(visit, order_id), 303)


def _read_strike(lines: list[OrderLine], form: Mapping[str, str]) -> Strike | None:
    """What the form leaves out; None: nothing.

    Raises:
        InvalidInput: a number can't be read, or what is to be left out is not named.
    """
    if form.get("capture") != "part":
        return None
    units: dict[ProductId, int] = {}
    for line in lines:
        name = f"strike_{line.position}"
        quantity = read_quantity(form.get(name, "").strip() or "0")
        if quantity is None:
            raise InvalidInput({name: "whole_number_expected"})
        if line.product_id is not None and quantity:
            units[line.product_id] = quantity
    if not units and "strike_shipping" not in form:
        raise InvalidInput({"items": "required"})
    return Strike(units, shipping="strike_shipping" in form)
