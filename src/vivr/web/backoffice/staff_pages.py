"""Pages for staff alone: who may see them, and the frame around them."""

from functools import wraps
from typing import Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.customers.model import PersonKind
from vivr.web.forms import form_token
from vivr.web.rendering import frame_of, localise_path, render_page
from vivr.web.sessions import session_of
from vivr.web.visit import Visit, visit_of


class StaffPage(Protocol):
    """A page whose visitor is known to be staff."""

    async def __call__(self, request: Request, visit: Visit) -> Response:
        """Make the page."""
        ...


class Handler(Protocol):
    """What a route calls."""

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        ...


async def is_staff(visit: Visit) -> bool:
    """Whether a member of staff, of whatever role, is logged in."""
    session = await session_of(visit)
    return session is not None and session.kind is PersonKind.STAFF


def for_staff(page: StaffPage) -> Handler:
    """Let staff of every role through, and lead everybody else to the log-in."""

    @wraps(page)
    async def guarded(request: Request) -> Response:
        visit = visit_of(request)
        if not await is_staff(visit):
            return RedirectResponse(localise_path("/admin/login", visit.locale), 303)
        return await page(request, visit)

    return guarded


def render_staff_page(visit: Visit, template: str, *, query: str = "", status: int = 200, **values: object) -> Response:
    """A page of the back office; its forms carry the token of the session."""
    return render_page(template, frame_of(visit, query=query), status=status, form_token=form_token(visit), **values)
