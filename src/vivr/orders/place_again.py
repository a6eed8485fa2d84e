"""Place an order anew from the frozen lines of a cancelled one whose money came late, in the caller's transaction."""

from datetime import datetime

from vivr.caller import Caller
from vivr.catalogue.reading import find_products
from vivr.catalogue.stock import reserve_stock
from vivr.database import Tx
from vivr.errors import Conflict
from vivr.ids import OrderId
from vivr.orders import store
from vivr.orders.model import Order, insufficient_stock
from vivr.orders.move_order import record_history


async def place_again(tx: Tx, caller: Caller, now: datetime, cancelled: Order, order_id: OrderId) -> Order:
    """The same prices, tax and owner under a new id, pending; ``hold_again`` holds its units and writes its lines."""
    order = await store.insert_again(tx, order_id, of=cancelled.id, now=now, request_id=caller.request_id)
    await record_history(tx, caller, now, order, start=None, reason="placed_for_late_money")
    return order


async def hold_again(tx: Tx, order: Order, cancelled: Order) -> None:
    """Hold the units of an order that was placed anew, and write its lines; after its payment was locked.

    The lines refer to the products, which shares their rows in no order, so the products are locked by id before.

    Raises:
        Conflict: ``insufficient_stock``: the goods are gone.
    """
    lines = await store.lines_of(tx, cancelled.id)
    quantities = {line.product_id: line.quantity for line in lines if line.product_id is not None}
    missing = sorted(quantities.keys() - await reserve_stock(tx, quantities))
    if missing:
        known = await find_products(tx, missing, currency=order.currency, locale=order.locale)
        if missing[0] in known:
            raise insufficient_stock(known[missing[0]])
        raise Conflict("insufficient_stock", product=missing[0], title=missing[0], available=0)
    await store.insert_lines(tx, order.id, lines)
    await store.insert_reservations(tx, order.id, quantities)
