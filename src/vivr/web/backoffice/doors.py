"""``/admin/login`` and ``/admin/logout``: the staff's own door."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.customers.model import PersonKind
from vivr.errors import VivrError
from vivr.web.accounts import log_visitor_in, log_visitor_out
from vivr.web.backoffice.staff_pages import for_staff, is_staff
from vivr.web.errors import show_error
from vivr.web.forms import check_form_token, read_form
from vivr.web.rendering import frame_of, localise_path, render_page
from vivr.web.storefront.form_parts import ShownForm
from vivr.web.visit import Visit, visit_of


async def show_login(request: Request) -> Response:
    """The log-in form; staff that is in already goes on to the orders."""
    visit = visit_of(request)
    if await is_staff(visit):
        return RedirectResponse(localise_path("/admin", visit.locale), 303)
    return _render(visit, ShownForm())


async def log_in(request: Request) -> Response:
    """Log in as staff; a customer's account does not open this door."""
    visit = visit_of(request)
    form = await read_form(request)
    email = form.get("email", "").strip()
    try:
        await log_visitor_in(visit, kind=PersonKind.STAFF, email=email, password=form.get("password", ""))
    except VivrError as error:
        shown = show_error(visit, error)
        return _render(visit, ShownForm({"email": email}), problem=shown.sentence, status=shown.status)
    return RedirectResponse(localise_path("/admin", visit.locale), 303)


@for_staff
async def log_out(request: Request, visit: Visit) -> Response:
    """End the session."""
    await check_form_token(visit, await read_form(request))
    await log_visitor_out(visit)
    return RedirectResponse(localise_path("/admin/login", visit.locale), 303)


def _render(visit: Visit, form: ShownForm, *, problem: str = "", status: int = 200) -> Response:
    return render_page("backoffice/login.html", frame_of(visit), status=status, form=form, problem=problem)
