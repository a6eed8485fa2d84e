"""``/admin`` and ``/admin/commandes/{id}``: all orders, and one order with everything that happened to it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from vivr.caller import Caller
from vivr.customers.contact import find_contact
from vivr.disputes.read_disputes import disputes_of_order
from vivr.errors import InvalidInput, NotFound, VivrError
from vivr.idempotency.model import Answer
from vivr.ids import OrderId
from vivr.money_exceptions.read_exceptions import exceptions_of_order
from vivr.orders.hold_order import held_orders, holds_of
from vivr.orders.model import OrderState
from vivr.orders.read_orders import all_orders, find_order, lines_of
from vivr.payments.model import waits_for_capture
from vivr.payments.read_payments import payments_of
from vivr.refunds.model import may_be_refunded
from vivr.refunds.read_refunds import refunds_of_order, rests_of
from vivr.timeline import order_timeline
from vivr.web.backoffice.exception_view import show_exception
from vivr.web.backoffice.staff_pages import for_staff, render_staff_page
from vivr.web.errors import field_sentence, show_error
from vivr.web.forms import FORM_TOKEN_FIELD
from vivr.web.order_access import is_order_id
from vivr.web.rendering import localise_path
from vivr.web.storefront.form_parts import ShownForm
from vivr.web.storefront.once import KEY_FIELD, fresh_key, redirect_of, run_form_once, see_other
from vivr.web.visit import Visit

_SHOWN: Final = 50


@for_staff
async def list_orders(request: Request, visit: Visit) -> Response:
    """The newest orders, of one state if asked for, and those before ``?before=``."""
    wished = request.query_params.get("state", "")
    state = wished if wished in OrderState.__members__ else None
    before = request.query_params.get("before", "")
    async with visit.shop.database.transaction("all_orders") as tx:
        # One more tells whether there are older ones.
        orders = await all_orders(tx, before=before if is_order_id(before) else None, state=state, limit=_SHOWN + 1)
        held = await held_orders(tx, [order.id for order in orders])
    shown = orders[:_SHOWN]
    return render_staff_page(
        visit,
        "backoffice/orders.html",
        query=urlencode({"state": state}) if state else "",
        orders=shown,
        held=held,
        state=state,
        states=list(OrderState),
        next_before=shown[-1].id if len(orders) > _SHOWN else None,
    )


@for_staff
async def show_order(request: Request, visit: Visit) -> Response:
    """One order: amounts, lines, payments, refunds, buyer, and the timeline."""
    return await render_order(visit, request.path_params["order_id"])


async def render_order(
    visit: Visit, order_id: str, *, form: ShownForm | None = None, problem: str = "", status: int = 200
) -> Response:
    """The page of an order, with the refund form as it was typed and what was wrong with it.

    Raises:
        NotFound: there is no such order.
    """
    async with visit.shop.database.transaction("show_order") as tx:
        order = await find_order(tx, order_id) if is_order_id(order_id) else None
        if order is None:
            raise NotFound("order_not_found")
        payments = await payments_of(tx, order_id)
        return render_staff_page(
            visit,
            "backoffice/order.html",
            status=status,
            order=order,
            lines=await lines_of(tx, order_id),
            payments=payments,
            authorized=next((payment for payment in payments if waits_for_capture(order, payment)), None),
            now=visit.shop.clock.now(),
            refunds=await refunds_of_order(tx, order_id),
            refundable=[payment for payment in payments if may_be_refunded(payment)],
            rests=await rests_of(tx, order_id),
            form=form or ShownForm(),
            problem=problem,
            idempotency_key=fresh_key(),
            holds=await holds_of(tx, order_id),
            disputes=await disputes_of_order(tx, order_id),
            exceptions=[
                show_exception(one, visit.locale, visit.shop.resolution_terms().rule_after)
                for one in await exceptions_of_order(tx, order_id)
            ],
            contact=await find_contact(tx, visit.shop.seals, order_id),
            timeline=await order_timeline(tx, order_id),
        )


async def render_order_refusal(visit: Visit, order_id: str, error: VivrError, form: ShownForm) -> Response:
    """The page of an order with what was wrong with the form that was sent there."""
    shown = show_error(visit, error)
    sentences = [shown.sentence]
    if isinstance(error, InvalidInput):
        sentences = [field_sentence(code, visit.locale) for code in error.fields.values()]
    answer = await render_order(visit, order_id, form=form, problem=" ".join(sentences), status=shown.status)
    answer.headers.update(shown.headers())
    return answer


def order_page_path(visit: Visit, order_id: str) -> str:
    """The page of an order in the back office, in the language of the visit."""
    return localise_path(f"/admin/commandes/{order_id}", visit.locale)


def order_id_in(request: Request) -> OrderId:
    """The order that an address names.

    Raises:
        NotFound: no order has such an id.
    """
    order_id: str = request.path_params["order_id"]
    if not is_order_id(order_id):
        raise NotFound("order_not_found")
    return OrderId(order_id)


async def act_on_order(
    visit: Visit,
    caller: Caller,
    route: str,
    order_id: OrderId,
    form: Mapping[str, str],
    work: Callable[[OrderId], Awaitable[object]],
) -> Response:
    """Do what a form on an order's page asks, once however often it is sent; a refusal is shown on that page."""
    fields = {name: value for name, value in form.items() if name not in {KEY_FIELD, FORM_TOKEN_FIELD}}

    async def answer(subject: OrderId) -> Answer:
        await work(subject)
        return see_other(order_page_path(visit, order_id))

    try:
        given = await run_form_once(
            visit.shop, caller, route, form.get(KEY_FIELD, ""), fields | {"order": order_id}, answer
        )
    except VivrError as error:
        return await render_order_refusal(visit, order_id, error, ShownForm(form))
    return redirect_of(given)
