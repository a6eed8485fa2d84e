"""Who may see an order: its owner, or whoever holds its signed token, in a cookie or in a mail's link.

For everybody else the order does not exist.
"""

import re
from datetime import timedelta
from typing import Final

from vivr.errors import NotFound
from vivr.ids import OrderId
from vivr.orders.model import Order
from vivr.orders.read_orders import find_order
from vivr.web.cookies import ORDERS_COOKIE, cookie_text
from vivr.web.sessions import session_of
from vivr.web.visit import Visit

_ORDER_ID: Final = re.compile(r"ord_[0-9a-z]{26}", re.ASCII)
_PURPOSE: Final = "order"
_REMEMBERED_MAX: Final = 20
_LIFETIME: Final = timedelta(days=90)


async def find_own_order(visit: Visit, order_id: str, *, token: str | None = None) -> Order:
    """An order that the visitor may see.

    Args:
        visit: the request.
        order_id: any text.
        token: what a link carries as ``?cle=``.

    Raises:
        NotFound: ``order_not_found``: there is none, or it is another's.
    """
    if not is_order_id(order_id):
        raise NotFound("order_not_found")
    session = await session_of(visit)
    async with visit.shop.database.transaction("find_own_order") as tx:
        order = await find_order(tx, order_id)
    if order is None:
        raise NotFound("order_not_found")
    is_owner = session is not None and session.principal == order.principal
    if is_owner or order_id in remembered_orders(visit) or _opens(visit, order_id, token):
        return order
    raise NotFound("order_not_found")


def is_order_id(text: str) -> bool:
    """Whether a text has the form of an order's id; only then may it reach the database."""
    return _ORDER_ID.fullmatch(text) is not None


def order_token(visit: Visit, order_id: OrderId) -> str:
    """The token that opens an order, for the links of its mails and pages."""
    return visit.shop.seals.token(_PURPOSE, order_id)


def remember_order(visit: Visit, order_id: OrderId) -> None:
    """Let this browser see an order later, without an account: the answer sets the cookie, newest order first."""
    others = [remembered for remembered in remembered_orders(visit) if remembered != order_id]
    kept = [order_id, *others][:_REMEMBERED_MAX]
    value = ".".join(f"{kept_id}~{order_token(visit, OrderId(kept_id))}" for kept_id in kept)
    visit.set_cookies[ORDERS_COOKIE] = cookie_text(ORDERS_COOKIE, value, lifetime=_LIFETIME, secure=visit.is_secure)


def remembered_orders(visit: Visit) -> list[str]:
    """The orders whose tokens this browser holds, those with a false token left out."""
    pairs = (pair.partition("~") for pair in visit.cookies.get(ORDERS_COOKIE, "").split(".")[:_REMEMBERED_MAX])
    return [order_id for order_id, _, token in pairs if _opens(visit, order_id, token)]


def _opens(visit: Visit, order_id: str, token: str | None) -> bool:
    return token is not None and visit.shop.seals.is_token(_PURPOSE, order_id, token)
