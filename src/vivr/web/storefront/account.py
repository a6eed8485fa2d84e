"""``/compte``: register, log in, log out, and one's own orders."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.customers.accounts import AccountRequest
from vivr.customers.model import Person, PersonKind
from vivr.errors import InvalidInput, VivrError
from vivr.orders.read_orders import orders_of_principal
from vivr.web.accounts import account_of, log_visitor_in, log_visitor_out, register_visitor
from vivr.web.errors import show_error
from vivr.web.forms import read_form
from vivr.web.order_access import is_order_id
from vivr.web.rendering import localise_path, render_page
from vivr.web.sessions import session_of
from vivr.web.storefront.form_parts import ShownForm
from vivr.web.storefront.frames import read_frame
from vivr.web.storefront.once import enter_once, fresh_key
from vivr.web.visit import Visit, visit_of

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
CustomerHandler: TypeAlias = Callable[[Request, Visit, Person], Awaitable[Response]]

_ORDERS_SHOWN: Final = 20
NOTICES: Final = frozenset(
    {
        *("registered", "confirmed", "sent", "reset_sent", "password_reset", "password_changed", "address_asked"),
        *("address_changed", "device_ended", "logged_out"),
    }
)
"""What a page says about what was just done; a fixed list, so that no link of a stranger decides it."""
_NEXT_PAGES: Final = {"checkout": "/checkout"}
"""Where a log-in may lead besides the account; a fixed list, so that no link of a stranger decides it."""


def for_customers(handler: CustomerHandler) -> Handler:
    """A page for whoever is logged in as a customer; everybody else is asked to log in."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        visit = visit_of(request)
        person = await account_of(visit)
        if person is None or person.kind is not PersonKind.CUSTOMER:
            return RedirectResponse(localise_path("/compte/connexion", visit.locale), 303)
        return await handler(request, visit, person)

    return answer


@for_customers
async def show_account(request: Request, visit: Visit, person: Person) -> Response:
    """The customer's orders, newest first."""
    before = request.query_params.get("before")
    async with visit.shop.database.transaction("orders_of_principal") as tx:
        # One more tells whether there are older ones.
        orders = await orders_of_principal(
            tx,
            f"customer:{person.id}",
            before=before if before and is_order_id(before) else None,
            limit=_ORDERS_SHOWN + 1,
        )
    shown = orders[:_ORDERS_SHOWN]
    return render_page(
        "storefront/account.html",
        await read_frame(visit),
        person=person,
        notice=notice_of(request),
        orders=shown,
        next_before=shown[-1].id if len(orders) > _ORDERS_SHOWN else None,
    )


def notice_of(request: Request) -> str:
    """What the page says about what was just done, or nothing."""
    notice = request.query_params.get("notice", "")
    return notice if notice in NOTICES else ""


async def show_login(request: Request) -> Response:
    """The log-in form."""
    visit = visit_of(request)
    return await _render_login(
        visit, ShownForm(), next_page=request.query_params.get("next", ""), notice=notice_of(request)
    )


async def log_in(request: Request) -> Response:
    """Log in and go on where the visitor came from."""
    visit = visit_of(request)
    form = await read_form(request)
    email, next_page = form.get("email", "").strip(), form.get("next", "")
    try:
        await log_visitor_in(visit, kind=PersonKind.CUSTOMER, email=email, password=form.get("password", ""))
    except VivrError as error:
        shown = show_error(visit, error)
        typed = ShownForm({"email": email})
        return await _render_login(visit, typed, next_page=next_page, problem=shown.sentence, status=shown.status)
    return RedirectResponse(localise_path(_NEXT_PAGES.get(next_page, "/compte"), visit.locale), 303)


async def show_register(request: Request) -> Response:
    """The form of a new account."""
    return await _render_register(visit_of(request), ShownForm())


async def register(request: Request) -> Response:
    """Make an account and go on in it."""
    visit = visit_of(request)
    form = await read_form(request)
    values = {name: form.get(name, "").strip() for name in ("email", "name")}
    wish = AccountRequest(
        email=values["email"], password=form.get("password", ""), name=values["name"], locale=visit.locale
    )
    try:
        await enter_once(visit, "form register", form, lambda: register_visitor(visit, wish))
    except InvalidInput as error:
        return await _render_register(visit, ShownForm(values, error.fields), status=422)
    except VivrError as error:
        shown = show_error(visit, error)
        return await _render_register(visit, ShownForm(values), problem=shown.sentence, status=shown.status)
    return RedirectResponse(localise_path("/compte", visit.locale) + "?notice=registered", 303)


async def log_out(request: Request) -> Response:
    """End the session and show the shop."""
    visit = visit_of(request)
    await session_of(visit)
    await log_visitor_out(visit)
    return RedirectResponse(localise_path("/", visit.locale), 303)


async def _render_login(
    visit: Visit, form: ShownForm, *, next_page: str, problem: str = "", notice: str = "", status: int = 200
) -> Response:
    return render_page(
        "storefront/login.html",
        await read_frame(visit),
        status=status,
        form=form,
        problem=problem,
        notice=notice,
        next=next_page if next_page in _NEXT_PAGES else "",
    )


async def _render_register(visit: Visit, form: ShownForm, *, problem: str = "", status: int = 200) -> Response:
    return render_page(
        "storefront/register.html",
        await read_frame(visit),
        status=status,
        form=form,
        problem=problem,
        idempotency_key=fresh_key(),
    )
