"""The storefront's addresses: each page in French at its path and in English at the same path under ``/en``."""

from typing import Final

from starlette.routing import Route

from vivr.translate import LOCALES
from vivr.web.rendering import localise_path
from vivr.web.storefront.account import (
    Handler,
    log_in,
    log_out,
    register,
    show_account,
    show_login,
    show_register,
)
from vivr.web.storefront.account_links import (
    ask_for_new_password,
    confirm,
    move,
    send_again,
    set_new_password,
    show_confirm,
    show_forgotten,
    show_move,
    show_new_password,
)
from vivr.web.storefront.account_safety import (
    change_own_email,
    change_own_password,
    log_device_out,
    log_out_everywhere,
    show_safety,
)
from vivr.web.storefront.address_book import (
    add_address,
    choose_address,
    drop_address,
    edit_address,
    show_address,
    show_addresses,
    show_new_address,
)
from vivr.web.storefront.cart import change_cart, show_cart
from vivr.web.storefront.catalogue import show_catalogue
from vivr.web.storefront.checkout import order_and_pay, show_checkout
from vivr.web.storefront.confirmation import show_confirmation, tell_stage
from vivr.web.storefront.order import cancel_own_order, pay_order, show_order
from vivr.web.storefront.product import add_product, show_product

_PAGES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/", show_catalogue),
    ("GET", "/produit/{handle}", show_product),
    ("POST", "/produit/{handle}", add_product),
    ("GET", "/panier", show_cart),
    ("POST", "/panier", change_cart),
    ("GET", "/checkout", show_checkout),
    ("POST", "/checkout", order_and_pay),
    ("GET", "/checkout/success", show_confirmation),
    ("GET", "/checkout/status", tell_stage),
    ("GET", "/commande/{order_id}", show_order),
    ("POST", "/commande/{order_id}/payer", pay_order),
    ("POST", "/commande/{order_id}/annuler", cancel_own_order),
    ("GET", "/compte", show_account),
    ("GET", "/compte/connexion", show_login),
    ("POST", "/compte/connexion", log_in),
    ("GET", "/compte/inscription", show_register),
    ("POST", "/compte/inscription", register),
    ("POST", "/compte/deconnexion", log_out),
    ("GET", "/compte/confirmer", show_confirm),
    ("POST", "/compte/confirmer", confirm),
    ("POST", "/compte/confirmation", send_again),
    ("GET", "/compte/mot-de-passe-oublie", show_forgotten),
    ("POST", "/compte/mot-de-passe-oublie", ask_for_new_password),
    ("GET", "/compte/nouveau-mot-de-passe", show_new_password),
    ("POST", "/compte/nouveau-mot-de-passe", set_new_password),
    ("GET", "/compte/nouvelle-adresse", show_move),
    ("POST", "/compte/nouvelle-adresse", move),
    ("GET", "/compte/securite", show_safety),
    ("POST", "/compte/securite/mot-de-passe", change_own_password),
    ("POST", "/compte/securite/adresse", change_own_email),
    ("POST", "/compte/appareils/{session_id}/fermer", log_device_out),
    ("POST", "/compte/appareils/fermer", log_out_everywhere),
    ("GET", "/compte/adresses", show_addresses),
    ("GET", "/compte/adresses/nouvelle", show_new_address),
    ("POST", "/compte/adresses/nouvelle", add_address),
    ("GET", "/compte/adresses/{address_id}", show_address),
    ("POST", "/compte/adresses/{address_id}", edit_address),
    ("POST", "/compte/adresses/{address_id}/principale", choose_address),
    ("POST", "/compte/adresses/{address_id}/supprimer", drop_address),
)


def storefront_routes() -> list[Route]:
    """Every page of the shop in every language."""
    return [
        Route(localise_path(path, locale), handler, methods=[method])
        for locale in LOCALES
        for method, path, handler in _PAGES
    ]
