"""The storefront's addresses: each page in French at its path and in English at the same path under ``/en``."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vivr.translate import LOCALES
from vivr.web.rendering import localise_path
from vivr.web.storefront.cart import change_cart, show_cart
from vivr.web.storefront.catalogue import show_catalogue
from vivr.web.storefront.product import add_product, show_product

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

_PAGES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/", show_catalogue),
    ("GET", "/produit/{handle}", show_product),
    ("POST", "/produit/{handle}", add_product),
    ("GET", "/panier", show_cart),
    ("POST", "/panier", change_cart),
)


def storefront_routes() -> list[Route]:
    """Every page of the shop in every language."""
    return [
        Route(localise_path(path, locale), handler, methods=[method])
        for locale in LOCALES
        for method, path, handler in _PAGES
    ]
