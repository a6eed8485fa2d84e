"""The pages behind the links of account mails: confirm an address, move to another one, choose a new password.

Opening a link changes nothing, because mail scanners open links too; the button on its page does.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.customers.account_mails import find_link
from vivr.customers.model import MailKind, Person
from vivr.customers.prove_address import needs_password
from vivr.customers.reauthenticate import FIELD
from vivr.errors import InvalidInput
from vivr.web.accounts import (
    ask_for_visitors_reset,
    prove_visitors_address,
    reset_visitors_password,
    send_proof_again,
)
from vivr.web.forms import read_form
from vivr.web.rendering import localise_path, render_page
from vivr.web.sessions import session_of
from vivr.web.storefront.account import for_customers, notice_of
from vivr.web.storefront.form_parts import ShownForm
from vivr.web.storefront.frames import read_frame
from vivr.web.storefront.once import enter_once, fresh_key
from vivr.web.visit import Visit, visit_of

_TOKEN: Final = "cle"  # noqa: S105 - the name of a field
_PATHS: Final = {MailKind.CONFIRM: "/compte/confirmer", MailKind.CHANGE: "/compte/nouvelle-adresse"}
_NOTICES: Final = {MailKind.CONFIRM: "confirmed", MailKind.CHANGE: "address_changed"}


async def show_confirm(request: Request) -> Response:
    """The button that confirms a new account's address."""
    return await _show_proof(request, MailKind.CONFIRM)


async def confirm(request: Request) -> Response:
    """Confirm a new account's address."""
    return await _prove(request, MailKind.CONFIRM)


async def show_move(request: Request) -> Response:
    """The button that moves an account to another address."""
    return await _show_proof(request, MailKind.CHANGE)


async def move(request: Request) -> Response:
    """Move an account to another address."""
    return await _prove(request, MailKind.CHANGE)


@for_customers
async def send_again(_request: Request, visit: Visit, person: Person) -> Response:
    """Send the link that confirms the address once more."""
    await send_proof_again(visit, person)
    return RedirectResponse(localise_path("/compte", visit.locale) + "?notice=sent", 303)


async def show_forgotten(request: Request) -> Response:
    """The form that asks for a new password."""
    return await _render_forgotten(visit_of(request), ShownForm(), notice=notice_of(request))


async def ask_for_new_password(request: Request) -> Response:
    """Send a link to the address, if it has an account; the page says the same either way."""
    visit = visit_of(request)
    form = await read_form(request)
    email = form.get("email", "").strip()
    try:
        await ask_for_visitors_reset(visit, email)
    except InvalidInput as error:
        return await _render_forgotten(visit, ShownForm({"email": email}, error.fields), status=422)
    return RedirectResponse(localise_path("/compte/mot-de-passe-oublie", visit.locale) + "?notice=reset_sent", 303)


async def show_new_password(request: Request) -> Response:
    """The form that the link of a reset leads to."""
    visit = visit_of(request)
    token = request.query_params.get(_TOKEN, "")
    async with visit.shop.database.transaction("find_link") as tx:
        await find_link(tx, visit.shop.seals, visit.shop.clock.now(), MailKind.RESET, token)
    return await _render_new_password(visit, token, ShownForm())


async def set_new_password(request: Request) -> Response:
    """Set the new password; the visitor logs in with it."""
    visit = visit_of(request)
    form = await read_form(request)
    token = form.get(_TOKEN, "")
    try:
        await reset_visitors_password(visit, token, form.get("password", ""))
    except InvalidInput as error:
        return await _render_new_password(visit, token, ShownForm({}, error.fields), status=422)
    return RedirectResponse(localise_path("/compte/connexion", visit.locale) + "?notice=password_reset", 303)


async def _show_proof(request: Request, kind: MailKind) -> Response:
    visit = visit_of(request)
    return await _render_proof(visit, kind, request.query_params.get(_TOKEN, ""), ShownForm())


async def _prove(request: Request, kind: MailKind) -> Response:
    visit = visit_of(request)
    form = await read_form(request)
    token = form.get(_TOKEN, "")

    async def work() -> Person:
        return await prove_visitors_address(visit, kind, token, form.get(FIELD, ""))

    try:
        await enter_once(visit, f"form {kind}", form, work)
    except InvalidInput as error:
        return await _render_proof(visit, kind, token, ShownForm({}, error.fields), status=422)
    return RedirectResponse(localise_path("/compte", visit.locale) + f"?notice={_NOTICES[kind]}", 303)


async def _render_proof(visit: Visit, kind: MailKind, token: str, form: ShownForm, *, status: int = 200) -> Response:
    session = await session_of(visit)
    async with visit.shop.database.transaction("find_link") as tx:
        link = await find_link(tx, visit.shop.seals, visit.shop.clock.now(), kind, token)
    return render_page(
        "storefront/prove.html",
        await read_frame(visit, query=f"{_TOKEN}={token}"),
        status=status,
        form=form,
        action=_PATHS[kind],
        email=link.email,
        token=token,
        asks_password=needs_password(link, session),
        idempotency_key=fresh_key(),
    )


async def _render_forgotten(visit: Visit, form: ShownForm, *, notice: str = "", status: int = 200) -> Response:
    return render_page("storefront/forgotten.html", await read_frame(visit), status=status, form=form, notice=notice)


async def _render_new_password(visit: Visit, token: str, form: ShownForm, *, status: int = 200) -> Response:
    frame = await read_frame(visit, query=f"{_TOKEN}={token}")
    return render_page("storefront/new_password.html", frame, status=status, form=form, token=token)
