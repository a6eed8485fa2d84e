"""Move an order along one edge of its states, with its history and stock, in the caller's transaction."""

from datetime import datetime

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.catalogue.stock import free_stock, return_stock, take_stock
from vivr.database import Tx
from vivr.ids import OrderId
from vivr.money import Money
from vivr.orders import amendment_store, store
from vivr.orders.model import Order, OrderLine, OrderState, struck_units


async def lock_order(tx: Tx, order_id: str) -> Order | None:
    """The order, locked until the caller's transaction ends; first in the lock order."""
    return await store.lock_order(tx, order_id)


async def lines_of(tx: Tx, order_id: str) -> list[OrderLine]:
    """The frozen lines."""
    return await store.lines_of(tx, order_id)


async def progress_of(tx: Tx, order_id: str) -> OrderState | None:
    """How far a settled order had come (PAID, SHIPPED or DELIVERED), whatever its money did since."""
    return await store.progress_of(tx, order_id)


async def move_order(
    tx: Tx,
    caller: Caller,
    at: datetime,
    order: Order,
    to: OrderState,
    *,
    reason: str,
    deadline_at: datetime | None = None,
) -> Order | None:
    """Move an order; None if it stands elsewhere by now, and then nothing changed.

    PAID takes the units that it holds out of the stock and gives back those that were struck, CANCELLED gives all
    back: each once, by its reservation.
    """
    moved = await store.move(tx, order.id, order.state, to, deadline_at, at)
    if moved is None:
        return None
    if to == OrderState.PAID and order.state in {OrderState.PENDING, OrderState.PROCESSING}:
        await _take_units(tx, moved)
    if to == OrderState.CANCELLED:
        await free_stock(tx, await store.end_reservations(tx, order.id, "FREED"))
    await record_history(tx, caller, at, moved, start=order.state, reason=reason)
    return moved


async def _take_units(tx: Tx, order: Order) -> None:
    """Take what the order holds; units that were struck from it go back."""
    if order.amendment == 0:
        await take_stock(tx, await store.end_reservations(tx, order.id, "TAKEN"))
        return
    held = await amendment_store.held_units_by_product(tx, order.id)
    struck = struck_units(held, await store.lines_of(tx, order.id))
    await amendment_store.free_struck(tx, order.id, struck)
    await store.end_reservations(tx, order.id, "TAKEN")
    # All of it at once, so that products are locked in their order, and then what nobody bought comes back.
    await take_stock(tx, held)
    await return_stock(tx, struck)


async def record_history(
    tx: Tx, caller: Caller, at: datetime, order: Order, *, start: OrderState | None, reason: str
) -> None:
    """Write the history row and the audit row of a move that was made."""
    await store.insert_history(
        tx,
        order_id=order.id,
        from_state=start,
        to_state=order.state,
        reason=reason,
        actor=caller.actor,
        request_id=caller.request_id,
        at=at,
    )
    await record_act(
        tx,
        caller,
        at,
        f"order.{'placed' if start is None else order.state.lower()}",
        on=("order", order.id),
        order_id=order.id,
        money=Money(order.total_minor, order.currency),
    )


async def extend_deadline(tx: Tx, order_id: OrderId, deadline_at: datetime) -> Order | None:
    """A new session gives an order more time; None: it is no longer pending."""
    return await store.extend_deadline(tx, order_id, deadline_at)
