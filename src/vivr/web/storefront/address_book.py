"""``/compte/adresses``: the addresses that a customer's parcels usually go to."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.customers.address_book import (
    SavedAddress,
    addresses_of,
    change_address,
    make_address_default,
    remove_address,
    save_address,
)
from vivr.customers.contact import Address
from vivr.customers.model import Person
from vivr.errors import NotFound, VivrError
from vivr.web.errors import show_error
from vivr.web.formatting import country_name
from vivr.web.forms import read_form
from vivr.web.order_requests import address_problems
from vivr.web.rendering import localise_path, render_page
from vivr.web.storefront.account import for_customers
from vivr.web.storefront.form_parts import ShownForm
from vivr.web.storefront.frames import read_frame
from vivr.web.visit import Visit

_PAGE: Final = "/compte/adresses"
_FIELDS: Final = ("name", "line1", "line2", "postal_code", "city", "country", "phone")


@for_customers
async def show_addresses(_request: Request, visit: Visit, person: Person) -> Response:
    """The book."""
    saved = await saved_addresses(visit, person)
    return render_page("storefront/addresses.html", await read_frame(visit), addresses=saved)


@for_customers
async def show_new_address(_request: Request, visit: Visit, person: Person) -> Response:
    """The form of a new address."""
    values = {"name": person.name, "country": visit.shop.settings.shipping_countries[0]}
    return await _render_form(visit, ShownForm(values), address_id=None)


@for_customers
async def add_address(request: Request, visit: Visit, person: Person) -> Response:
    """Put an address into the book; one that stands there already is not added twice."""
    form = await read_form(request)
    shop, address = visit.shop, address_in(form)
    problems = _problems(visit, address)
    if problems:
        return await _render_form(visit, ShownForm(form, problems), address_id=None, status=422)
    try:
        async with shop.database.transaction("save_address") as tx:
            await save_address(tx, shop.seals, shop.clock.now(), person.id, address)
    except VivrError as error:
        shown = show_error(visit, error)
        return await _render_form(visit, ShownForm(form), address_id=None, problem=shown.sentence, status=shown.status)
    return _back(visit)


@for_customers
async def show_address(request: Request, visit: Visit, person: Person) -> Response:
    """The form of an address that stands in the book."""
    wanted: str = request.path_params["address_id"]
    saved = next((saved for saved in await saved_addresses(visit, person) if saved.id == wanted), None)
    if saved is None:
        raise NotFound("address_not_found")
    return await _render_form(visit, ShownForm(values_of(saved.address)), address_id=saved.id)


@for_customers
async def edit_address(request: Request, visit: Visit, person: Person) -> Response:
    """Write an address anew."""
    form = await read_form(request)
    address_id: str = request.path_params["address_id"]
    address = address_in(form)
    problems = _problems(visit, address)
    if problems:
        return await _render_form(visit, ShownForm(form, problems), address_id=address_id, status=422)
    async with visit.shop.database.transaction("change_address") as tx:
        await change_address(tx, visit.shop.seals, person.id, address_id, address)
    return _back(visit)


@for_customers
async def choose_address(request: Request, visit: Visit, person: Person) -> Response:
    """Make an address the one that the checkout begins with."""
    async with visit.shop.database.transaction("default_address") as tx:
        await make_address_default(tx, person.id, request.path_params["address_id"])
    return _back(visit)


@for_customers
async def drop_address(request: Request, visit: Visit, person: Person) -> Response:
    """Take an address out of the book."""
    async with visit.shop.database.transaction("remove_address") as tx:
        await remove_address(tx, person.id, request.path_params["address_id"])
    return _back(visit)


async def saved_addresses(visit: Visit, person: Person) -> list[SavedAddress]:
    """A customer's addresses, the usual one first."""
    async with visit.shop.database.transaction("addresses_of") as tx:
        return await addresses_of(tx, visit.shop.seals, person.id)


def address_in(form: Mapping[str, str]) -> Address:
    """The address that a form's fields say."""
    sent = {name: form.get(name, "").strip() for name in _FIELDS}
    return Address(
        name=sent["name"],
        line1=sent["line1"],
        line2=sent["line2"] or None,
        postal_code=sent["postal_code"],
        city=sent["city"],
        country=sent["country"],
        phone=sent["phone"] or None,
    )


def values_of(address: Address) -> dict[str, str]:
    """What a form's fields show of an address."""
    return {
        "name": address.name,
        "line1": address.line1,
        "line2": address.line2 or "",
        "postal_code": address.postal_code,
        "city": address.city,
        "country": address.country,
        "phone": address.phone or "",
    }


def _problems(visit: Visit, address: Address) -> dict[str, str]:
    found = address_problems(address, visit.shop.settings)
    return {"postal_code" if name == "postalCode" else name: code for name, code in found.items()}


async def _render_form(
    visit: Visit, form: ShownForm, *, address_id: str | None, problem: str = "", status: int = 200
) -> Response:
    return render_page(
        "storefront/address.html",
        await read_frame(visit),
        status=status,
        form=form,
        action=f"{_PAGE}/{address_id or 'nouvelle'}",
        is_new=address_id is None,
        problem=problem,
        countries=[(code, country_name(code, visit.locale)) for code in visit.shop.settings.shipping_countries],
    )


def _back(visit: Visit) -> Response:
    return RedirectResponse(localise_path(_PAGE, visit.locale), 303)
