"""The pages of the shop, room by room: what ``build_app`` serves outside ``/api``."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute

from vivr.bootstrap import Shop
from vivr.web.errors import RenderError, plain_error_page


@dataclass(frozen=True, slots=True)
class Pages:
    """Routes of pages and how an error is shown as one."""

    routes: Sequence[BaseRoute] = ()
    error_page: RenderError = plain_error_page


def all_pages(_shop: Shop) -> Pages:
    """Every room of pages, in the order in which their routes are tried."""
    return Pages()
