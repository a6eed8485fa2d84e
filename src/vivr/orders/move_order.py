"""Move an order along one edge of its states, with its history and stock, in the caller's transaction."""

from datetime import datetime

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.catalogue.stock import free_stock, take_stock
from vivr.database import Tx
from vivr.ids import OrderId
from vivr.money import Money
from vivr.orders import store
from vivr.orders.model import Order, OrderLine, OrderState


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

    PAID takes the units that it holds out of the stock, CANCELLED gives them back: each once, by its reservation.
    """
    moved = await store.move(tx, order.id, order.state, to, deadline_at)
    if moved is None:
        return None
    if to == OrderState.PAID and order.state in {OrderState.PENDING, OrderState.PROCESSING}:
        await take_stock(tx, await store.end_reservations(tx, order.id, "TAKEN"))
    if to == OrderState.CANCELLED:
        await free_stock(tx, await store.end_reservations(tx, order.id, "FREED"))
    await record_history(tx, caller, at, moved, start=order.state, reason=reason)
    return moved


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
