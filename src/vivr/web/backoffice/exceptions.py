"""``/admin/exceptions``: money that does not fit, and refunds that were asked for; all of it waits for a person."""

from starlette.requests import Request
from starlette.responses import Response

from vivr.money_exceptions.record_exception import open_exceptions
from vivr.refunds.read_refunds import open_requests
from vivr.web.backoffice.staff_pages import for_staff, render_staff_page
from vivr.web.visit import Visit


@for_staff
async def list_exceptions(request: Request, visit: Visit) -> Response:
    """The open exceptions, and the refunds that wait for a word."""
    del request
    async with visit.shop.database.transaction("open_exceptions") as tx:
        exceptions = await open_exceptions(tx)
        requests = await open_requests(tx)
    return render_staff_page(visit, "backoffice/exceptions.html", exceptions=exceptions, requests=requests)
