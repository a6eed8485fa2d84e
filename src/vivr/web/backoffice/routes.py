"""The back office's addresses, in French and under ``/en``."""

from typing import Final

from starlette.routing import Route

from vivr.translate import LOCALES
from vivr.web.backoffice.captures import capture_order, release_order
from vivr.web.backoffice.dispute_files import attach, download, remove
from vivr.web.backoffice.disputes import (
    answer,
    keep_warned,
    lift_hold,
    list_disputes,
    refund_warned,
    show_dispute,
)
from vivr.web.backoffice.doors import log_in, log_out, show_login
from vivr.web.backoffice.events import ignore, list_events, replay, replay_all_dead, show_event, try_event
from vivr.web.backoffice.exceptions import accept as accept_money
from vivr.web.backoffice.exceptions import acknowledge, give_back, list_exceptions
from vivr.web.backoffice.operations import list_operations, show_operation
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
    ("POST", "/admin/commandes/{order_id}/encaisser", capture_order),
    ("POST", "/admin/commandes/{order_id}/liberer", release_order),
    ("POST", "/admin/commandes/{order_id}/rembourser", refund_order),
    ("POST", "/admin/remboursements/{refund_id}/accepter", accept),
    ("POST", "/admin/remboursements/{refund_id}/refuser", decline),
    ("POST", "/admin/commandes/{order_id}/lever", lift_hold),
    ("GET", "/admin/litiges", list_disputes),
    ("GET", "/admin/litiges/{dispute_id}", show_dispute),
    ("POST", "/admin/litiges/{dispute_id}", answer),
    ("GET", "/admin/litiges/{dispute_id}/pieces/{slot}", download),
    ("POST", "/admin/litiges/{dispute_id}/pieces/{slot}", attach),
    ("POST", "/admin/litiges/{dispute_id}/pieces/{slot}/retirer", remove),
    ("POST", "/admin/alertes/{flag_id}/rembourser", refund_warned),
    ("POST", "/admin/alertes/{flag_id}/garder", keep_warned),
    ("GET", "/admin/exceptions", list_exceptions),
    ("POST", "/admin/exceptions/{exception_id}/rendre", give_back),
    ("POST", "/admin/exceptions/{exception_id}/accepter", accept_money),
    ("POST", "/admin/exceptions/{exception_id}/classer", acknowledge),
    ("GET", "/admin/evenements", list_events),
    ("POST", "/admin/evenements/rejouer-morts", replay_all_dead),
    ("GET", "/admin/evenements/{account}/{mode}/{event_id}", show_event),
    ("POST", "/admin/evenements/{account}/{mode}/{event_id}/essayer", try_event),
    ("POST", "/admin/evenements/{account}/{mode}/{event_id}/rejouer", replay),
    ("POST", "/admin/evenements/{account}/{mode}/{event_id}/ignorer", ignore),
    ("GET", "/admin/operations", list_operations),
    ("GET", "/admin/operations/{operation_id}", show_operation),
)


def backoffice_routes() -> list[Route]:
    """Every page for staff in every language."""
    return [
        Route(localise_path(path, locale), handler, methods=[method])
        for locale in LOCALES
        for method, path, handler in _PAGES
    ]
