"""The pages of the shop, room by room: what ``build_app`` serves outside ``/api``."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute

from vivr.bootstrap import Shop
from vivr.web.assets import asset_routes
from vivr.web.backoffice.routes import backoffice_routes
from vivr.web.errors import RenderError, plain_error_page
from vivr.web.rendering import compile_templates
from vivr.web.storefront.error_page import show_error_page
from vivr.web.storefront.routes import storefront_routes


@dataclass(frozen=True, slots=True)
class Pages:
    """Routes of pages and how an error is shown as one."""

    routes: Sequence[BaseRoute] = ()
    error_page: RenderError = plain_error_page


def all_pages(_shop: Shop) -> Pages:
    """Every room of pages, in the order in which their routes are tried; a broken template stops the start."""
    compile_templates()
    return Pages(routes=[*asset_routes(), *storefront_routes(), *backoffice_routes()], error_page=show_error_page)
