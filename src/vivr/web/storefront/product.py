"""``/produit/{handle}``: one entry with its options; sending its form puts a product into the basket."""

from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.cart.change_cart import add_to_cart
from vivr.catalogue.model import CatalogueEntry, Product
from vivr.catalogue.reading import find_entry
from vivr.errors import InvalidInput, NotFound, VivrError
from vivr.web.errors import field_sentence, show_error
from vivr.web.forms import read_form
from vivr.web.rendering import localise_path, render_page
from vivr.web.sessions import ensure_session
from vivr.web.storefront.form_parts import fields_of, read_quantity
from vivr.web.storefront.frames import read_frame
from vivr.web.storefront.shelf import FEW_LEFT, first_choice, options_of, product_of_choice
from vivr.web.visit import Visit, visit_of

_HANDLE_LENGTH_MAX: Final = 255


async def show_product(request: Request) -> Response:
    """The entry, with the product that ``?sku=`` names or the first one that can be bought."""
    visit = visit_of(request)
    entry = await _find_entry(visit, request.path_params["handle"])
    sku = request.query_params.get("sku")
    named = next((product for product in entry.products if product.sku == sku), None)
    query = urlencode({"sku": named.sku}) if named else ""
    return await _render(visit, entry, named or first_choice(entry), query=query)


async def add_product(request: Request) -> Response:
    """Put the chosen product into the basket and show it there."""
    visit = visit_of(request)
    entry = await _find_entry(visit, request.path_params["handle"])
    form = await read_form(request)
    product = _chosen(entry, form)
    if product is None:
        return await _render(visit, entry, first_choice(entry), code="choice_unknown", status=422)
    quantity = read_quantity(form.get("quantity", ""))
    if quantity is None:
        return await _render(visit, entry, product, code="quantity_out_of_range", status=422)
    if product.available <= 0:
        return await _render(visit, entry, product, code="sold_out", status=409)
    session = await ensure_session(visit)
    now = visit.shop.clock.now()
    try:
        async with visit.shop.database.transaction("add_to_cart") as tx:
            await add_to_cart(tx, session.principal, product.product_id, quantity, now)
    except VivrError as error:
        return await _render_refusal(visit, entry, product, error)
    return RedirectResponse(localise_path("/panier", visit.locale) + "?notice=added", 303)


async def _find_entry(visit: Visit, handle: str) -> CatalogueEntry:
    entry = None
    if len(handle) <= _HANDLE_LENGTH_MAX and handle.isprintable():
        async with visit.shop.database.transaction("find_entry") as tx:
            currency = visit.shop.settings.payment_currency
            entry = await find_entry(tx, handle=handle, locale=visit.locale, currency=currency)
    if entry is None:
        raise NotFound("product_not_found")
    return entry


def _chosen(entry: CatalogueEntry, form: dict[str, str]) -> Product | None:
    product_id = form.get("productId")
    if product_id:
        return next((product for product in entry.products if product.product_id == product_id), None)
    sent = fields_of(form, "option")
    return product_of_choice(entry, {int(place): text for place, text in sent.items() if place in {"1", "2", "3"}})


async def _render_refusal(visit: Visit, entry: CatalogueEntry, product: Product, error: VivrError) -> Response:
    shown = show_error(visit, error)
    sentence = shown.sentence
    if isinstance(error, InvalidInput):
        sentence = " ".join(field_sentence(code, visit.locale) for code in error.fields.values())
    return await _render(visit, entry, product, problem=sentence, status=shown.status)


async def _render(
    visit: Visit,
    entry: CatalogueEntry,
    chosen: Product,
    *,
    code: str = "",
    problem: str = "",
    query: str = "",
    status: int = 200,
) -> Response:
    terms = visit.shop.order_terms(visit.locale).pricing
    return render_page(
        "storefront/product.html",
        await read_frame(visit, query=query),
        status=status,
        entry=entry,
        chosen=chosen,
        options=options_of(entry, chosen),
        few_left=FEW_LEFT,
        shipping_flat=terms.shipping_flat,
        shipping_free_from=terms.shipping_free_from,
        code=code,
        problem=problem,
    )
