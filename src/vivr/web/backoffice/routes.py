"""The back office's addresses, in French and under ``/en``."""

from typing import Final

from starlette.routing import Route

from vivr.translate import LOCALES
from vivr.web.backoffice.doors import log_in, log_out, show_login
from vivr.web.backoffice.exceptions import accept as accept_money
from vivr.web.backoffice.exceptions import acknowledge, give_back, list_exceptions
from vivr.web.backoffice.orders import list_orders, show_order
from vivr.web.backoffice.refunds import accept, decline, refund_order
from vivr.web.backoffice.staff_pages import Handler
from vivr.web.rendering import localise_path

_PAGES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/admin/login", show_login),
    ("POST", "/admin/login", log_in),
    ("POST", "/admin/logout", log_out),
    ("GET", "/admin", list_orders),
    ("GET", "/admin/commandes/{order_id}", show_order),
    ("POST", "/admin/commandes/{order_id}/rembourser", refund_order),
    ("POST", "/admin/remboursements/{refund_id}/accepter", accept),
    ("POST", "/admin/remboursements/{refund_id}/refuser", decline),
    ("GET", "/admin/exceptions", list_exceptions),
    ("POST", "/admin/exceptions/{exception_id}/rendre", give_back),
    ("POST", "/admin/exceptions/{exception_id}/accepter", accept_money),
    ("POST", "/admin/exceptions/{exception_id}/classer", acknowledge),
)


def backoffice_routes() -> list[Route]:
    """Every page for staff in every language."""
    return [
        Route(localise_path(path, locale), handler, methods=[method])
        for locale in LOCALES
        for method, path, handler in _PAGES
    ]
