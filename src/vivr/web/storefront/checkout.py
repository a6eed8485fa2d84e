"""``/checkout``: address and summary on one page; its button places the order and leads to where it is paid."""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.cart.change_cart import clear_cart
from vivr.customers.address_book import SavedAddress
from vivr.errors import InvalidInput, VivrError
from vivr.idempotency.model import Answer
from vivr.ids import OrderId
from vivr.money import major_text
from vivr.orders.model import SETTLED, Order
from vivr.web.accounts import account_of
from vivr.web.errors import field_sentence, show_error
from vivr.web.formatting import country_name
from vivr.web.forms import read_form
from vivr.web.order_access import remember_order, remembered_orders
from vivr.web.order_requests import OrderWish, WishedItem, order_request
from vivr.web.rendering import localise_path, render_page
from vivr.web.sessions import acting_caller, session_of
from vivr.web.storefront.address_book import address_in, saved_addresses, values_of
from vivr.web.storefront.cart import read_cart_view
from vivr.web.storefront.form_parts import ShownForm, fields_of, read_quantity
from vivr.web.storefront.frames import read_frame
from vivr.web.storefront.once import KEY_FIELD, fresh_key, redirect_of, run_form_once, see_other
from vivr.web.visit import Visit, visit_of

_log: Final = structlog.stdlib.get_logger("vivr.web")

ROUTE: Final = "form checkout"
_FIELDS: Final = ("email", "name", "line1", "line2", "postal_code", "city", "country", "phone")
_FIELD_OF_PATH: Final = {"email": "email", "address.postalCode": "postal_code"} | {
    f"address.{name}": name for name in _FIELDS if name not in {"email", "postal_code"}
}


async def show_checkout(request: Request) -> Response:
    """The form, with what an account knows filled in; a basket that can't be ordered is shown instead."""
    visit = visit_of(request)
    values = dict.fromkeys(_FIELDS, "") | {"country": visit.shop.settings.shipping_countries[0]}
    person = await account_of(visit)
    saved: Sequence[SavedAddress] = ()
    if person is not None:
        values |= {"email": person.email, "name": person.name}
        saved = await saved_addresses(visit, person)
    wanted = request.query_params.get("adresse")
    # The usual address stands first; one that we ship to no more would only be refused.
    fitting = [one for one in saved if one.address.country in visit.shop.settings.shipping_countries]
    shown = next((one for one in fitting if one.id == wanted), fitting[0] if fitting else None)
    if shown is not None:
        values |= values_of(shown.address)
    return await _render(visit, ShownForm(values), others=[one for one in fitting if one is not shown])


async def order_and_pay(request: Request) -> Response:
    """Place what the form showed, once, and send the buyer to the page where it is paid."""
    visit = visit_of(request)
    form = await read_form(request)
    if await session_of(visit) is None:
        return RedirectResponse(localise_path("/panier", visit.locale), 303)
    caller = await acting_caller(visit)

    async def work(order_id: OrderId) -> Answer:
        request_ = await order_request(visit, _wish(form))
        order = await visit.shop.place_order(caller, order_id, request_)
        async with visit.shop.database.transaction("clear_cart") as tx:
            await clear_cart(tx, caller.actor)
        return see_other(await payment_url(visit, order))

    fields = {name: value for name, value in form.items() if name != KEY_FIELD} | {"locale": visit.locale}
    try:
        given = await run_form_once(visit.shop, caller, ROUTE, form.get(KEY_FIELD, ""), fields, work)
    except VivrError as error:
        return await _answer_refusal(visit, form, error)
    remember_order(visit, given.subject_id)
    return redirect_of(given)


async def payment_url(visit: Visit, order: Order) -> str:
    """Where an order is paid; its own page where nothing is to be paid, or where paying has to wait."""
    own_page = localise_path(f"/commande/{order.id}", visit.locale)
    if order.state in SETTLED:
        return own_page
    try:
        link = await visit.shop.start_checkout(await acting_caller(visit), order.id)
    except VivrError as error:
        # The order is placed and its page offers to pay it: a refusal here must not look like a failed order.
        _log.info("checkout.postponed", order=order.id, code=error.code)
        return f"{own_page}?notice=postponed"
    return link.url


def _wish(form: Mapping[str, str]) -> OrderWish:
    items = [_item(product_id, text) for product_id, text in fields_of(form, "item.").items()]
    return OrderWish(items=items, address=address_in(form), email=form.get("email", "").strip() or None)


def _item(product_id: str, text: str) -> WishedItem:
    """A line as the page showed it: ``2x24.90``; the price guards against one that changed meanwhile."""
    quantity, _, price = text.partition("x")
    count = read_quantity(quantity)
    if count is None:
        raise VivrError("form_malformed")
    return WishedItem(product_id, count, price)


async def _answer_refusal(visit: Visit, form: Mapping[str, str], error: VivrError) -> Response:
    """The page again, with what was typed and what is wrong; an order that this form placed before is shown instead."""
    if error.code == "form_malformed":
        raise error
    shown = show_error(visit, error)
    placed = remembered_orders(visit)
    if error.code == "idempotency_key_reused" and placed:
        return RedirectResponse(localise_path(f"/commande/{placed[0]}", visit.locale) + "?notice=placed", 303)
    values = {name: form.get(name, "").strip() for name in _FIELDS}
    if isinstance(error, InvalidInput):
        errors = {_FIELD_OF_PATH[path]: code for path, code in error.fields.items() if path in _FIELD_OF_PATH}
        other = dict.fromkeys(code for path, code in error.fields.items() if path not in _FIELD_OF_PATH)
        problem = " ".join(field_sentence(code, visit.locale) for code in other)
        return await _render(visit, ShownForm(values, errors), problem=problem, status=shown.status)
    return await _render(visit, ShownForm(values), problem=shown.sentence, status=shown.status)


async def _render(
    visit: Visit, form: ShownForm, *, problem: str = "", status: int = 200, others: Sequence[SavedAddress] = ()
) -> Response:
    cart = await read_cart_view(visit)
    session = await session_of(visit)
    if cart.priced is None:
        notice = "?notice=changed" if cart.lines else ""
        return RedirectResponse(localise_path("/panier", visit.locale) + notice, 303)
    countries = [(code, country_name(code, visit.locale)) for code in visit.shop.settings.shipping_countries]
    return render_page(
        "storefront/checkout.html",
        await read_frame(visit),
        status=status,
        cart=cart,
        items={line.product.product_id: f"{line.quantity}x{major_text(line.product.price)}" for line in cart.lines},
        form=form,
        person=session.person_id if session else None,
        problem=problem,
        other_addresses=others,
        countries=countries,
        idempotency_key=fresh_key(),
    )
