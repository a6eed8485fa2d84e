"""An error as a page in the shop's look."""

from starlette.requests import Request
from starlette.responses import Response

from vivr.errors import Unavailable
from vivr.web.errors import ShownError
from vivr.web.rendering import frame_of, render_page
from vivr.web.storefront.frames import read_frame
from vivr.web.visit import visit_of


async def show_error_page(request: Request, error: ShownError) -> Response:
    """The page of an error; the basket's count is left out where the database can't be asked."""
    visit = visit_of(request)
    try:
        frame = await read_frame(visit)
    except Unavailable:
        frame = frame_of(visit)
    return render_page("error.html", frame, status=error.status, error=error)
