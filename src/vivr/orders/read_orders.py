"""Read orders for their owners and for staff."""

from vivr.database import Tx
from vivr.orders import store
from vivr.orders.model import Order, OrderLine
from vivr.orders.store import HistoryRow


async def find_order(tx: Tx, order_id: str) -> Order | None:
    """One order."""
    return await store.find_order(tx, order_id)


async def lines_of(tx: Tx, order_id: str) -> list[OrderLine]:
    """Its frozen lines."""
    return await store.lines_of(tx, order_id)


async def held_units_of(tx: Tx, order_id: str) -> int:
    """How many units it holds that were neither taken nor freed."""
    return await store.held_units_of(tx, order_id)


async def history_of(tx: Tx, order_id: str) -> list[HistoryRow]:
    """How it came to where it is."""
    return await store.history_of(tx, order_id)


async def orders_of_principal(tx: Tx, principal: str, *, before: str | None, limit: int) -> list[Order]:
    """A customer's own orders, newest first; ``before`` is the last id of the page before."""
    return await store.orders_of_principal(tx, principal, before=before, limit=limit)


async def all_orders(tx: Tx, *, before: str | None, state: str | None, limit: int) -> list[Order]:
    """All orders, for staff, newest first."""
    return await store.all_orders(tx, before=before, state=state, limit=limit)
