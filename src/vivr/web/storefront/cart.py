"""``/panier``: the basket, with whatever changed since it was filled explained beside its line."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.cart.change_cart import set_quantity
from vivr.cart.read_cart import read_cart
from vivr.errors import InvalidInput, VivrError
from vivr.ids import ProductId
from vivr.web.errors import field_sentence, show_error
from vivr.web.forms import read_form
from vivr.web.rendering import localise_path, render_page
from vivr.web.sessions import session_of
from vivr.web.storefront.cart_view import CartView, view_cart
from vivr.web.storefront.form_parts import fields_of, read_quantity
from vivr.web.storefront.frames import read_frame
from vivr.web.visit import Visit, visit_of

_NOTICES: Final = frozenset({"added", "changed", "restored"})


async def show_cart(request: Request) -> Response:
    """The basket as it is today."""
    visit = visit_of(request)
    notice = request.query_params.get("notice")
    return await _render(visit, notice=notice if notice in _NOTICES else None)


async def change_cart(request: Request) -> Response:
    """Take a line out, or set the quantities that were sent; all of them or none."""
    visit = visit_of(request)
    form = await read_form(request)
    session = await session_of(visit)
    if session is not None:
        try:
            await _change(visit, session.principal, form)
        except VivrError as error:
            return await _render_refusal(visit, error)
    return RedirectResponse(localise_path("/panier", visit.locale), 303)


async def read_cart_view(visit: Visit) -> CartView:
    """The visitor's basket, priced."""
    session = await session_of(visit)
    terms = visit.shop.order_terms(visit.locale).pricing
    async with visit.shop.database.transaction("read_cart") as tx:
        # A visitor without a session has no basket: no principal has an empty name.
        principal = session.principal if session else ""
        cart = await read_cart(tx, principal, locale=visit.locale, currency=terms.currency)
    return view_cart(cart, terms)


async def _change(visit: Visit, principal: str, form: dict[str, str]) -> None:
    now = visit.shop.clock.now()
    removed = form.get("remove")
    wished = {removed: "0"} if removed else fields_of(form, "quantity.")
    async with visit.shop.database.transaction("change_cart") as tx:
        # Products in one order, so that two tabs never wait for each other in a circle.
        for product_id, text in sorted(wished.items()):
            quantity = read_quantity(text)
            if quantity is None:
                raise InvalidInput({"quantity": "quantity_out_of_range"})
            await set_quantity(tx, principal, ProductId(product_id), quantity, now)


async def _render_refusal(visit: Visit, error: VivrError) -> Response:
    shown = show_error(visit, error)
    sentence = shown.sentence
    if isinstance(error, InvalidInput):
        sentence = " ".join(field_sentence(code, visit.locale) for code in dict.fromkeys(error.fields.values()))
    return await _render(visit, problem=sentence, status=shown.status)


async def _render(visit: Visit, *, notice: str | None = None, problem: str = "", status: int = 200) -> Response:
    cart = await read_cart_view(visit)
    refusal = show_error(visit, cart.refusal).sentence if cart.refusal else ""
    return render_page(
        "storefront/cart.html",
        await read_frame(visit),
        status=status,
        cart=cart,
        refusal=refusal,
        notice=notice,
        problem=problem,
    )
