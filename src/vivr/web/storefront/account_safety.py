"""``/compte/securite``: password, e-mail address, and the devices that are logged in."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.audit.record_act import record_act
from vivr.customers.model import Person
from vivr.customers.reauthenticate import FIELD
from vivr.customers.sessions import devices_of, end_all_sessions, end_device
from vivr.errors import InvalidInput
from vivr.web.accounts import ask_for_visitors_address, change_visitors_password, forget_visitor
from vivr.web.forms import read_form
from vivr.web.rendering import localise_path, render_page
from vivr.web.sessions import caller_of, session_of, with_origin
from vivr.web.storefront.account import for_customers, notice_of
from vivr.web.storefront.form_parts import ShownForm
from vivr.web.storefront.frames import read_frame
from vivr.web.storefront.once import enter_once, fresh_key
from vivr.web.visit import Visit

_PAGE = "/compte/securite"


@for_customers
async def show_safety(request: Request, visit: Visit, person: Person) -> Response:
    """What keeps an account one's own."""
    return await _render(visit, person, notice=notice_of(request))


@for_customers
async def change_own_password(request: Request, visit: Visit, person: Person) -> Response:
    """Change the password; every other device is logged out."""
    form = await read_form(request)

    async def work() -> Person:
        return await change_visitors_password(visit, person, current=form.get(FIELD, ""), new=form.get("password", ""))

    try:
        await enter_once(visit, "form password", form, work)
    except InvalidInput as error:
        return await _render(visit, person, password_errors=error.fields, status=422)
    return _back(visit, "password_changed")


@for_customers
async def change_own_email(request: Request, visit: Visit, person: Person) -> Response:
    """Ask for another address; its link does the rest."""
    form = await read_form(request)
    email = form.get("email", "").strip()
    try:
        await ask_for_visitors_address(visit, person, email=email, password=form.get(FIELD, ""))
    except InvalidInput as error:
        return await _render(visit, person, email=email, email_errors=error.fields, status=422)
    return _back(visit, "address_asked")


@for_customers
async def log_device_out(request: Request, visit: Visit, person: Person) -> Response:
    """Log one device out; one that is gone, or another's, is left alone."""
    session_id: str = request.path_params["session_id"]
    caller = await with_origin(visit, await caller_of(visit))
    now = visit.shop.clock.now()
    async with visit.shop.database.transaction("log_device_out") as tx:
        if await end_device(tx, person.id, session_id):
            await record_act(tx, caller, now, "customer.device_logged_out", on=("session", session_id))
    session = await session_of(visit)
    if session is not None and session.id == session_id:
        return _out(visit)
    return _back(visit, "device_ended")


@for_customers
async def log_out_everywhere(_request: Request, visit: Visit, person: Person) -> Response:
    """Log every device out, this one too."""
    caller = await with_origin(visit, await caller_of(visit))
    async with visit.shop.database.transaction("log_out_everywhere") as tx:
        await end_all_sessions(tx, person.id)
        await record_act(tx, caller, visit.shop.clock.now(), "customer.logged_out_everywhere", on=("person", person.id))
    return _out(visit)


def _out(visit: Visit) -> Response:
    forget_visitor(visit)
    return RedirectResponse(localise_path("/compte/connexion", visit.locale) + "?notice=logged_out", 303)


def _back(visit: Visit, notice: str) -> Response:
    return RedirectResponse(localise_path(_PAGE, visit.locale) + f"?notice={notice}", 303)


async def _render(
    visit: Visit,
    person: Person,
    *,
    notice: str = "",
    email: str = "",
    email_errors: Mapping[str, str] | None = None,
    password_errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    session = await session_of(visit)
    async with visit.shop.database.transaction("devices_of") as tx:
        devices = await devices_of(tx, visit.shop.clock.now(), person)
    return render_page(
        "storefront/safety.html",
        await read_frame(visit),
        status=status,
        person=person,
        notice=notice,
        devices=devices,
        this_session=session.id if session else None,
        email_form=ShownForm({"email": email}, email_errors or {}),
        password_form=ShownForm({}, password_errors or {}),
        idempotency_key=fresh_key(),
    )
