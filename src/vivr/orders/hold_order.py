"""Hold an order while there is doubt about it, and release it; in the caller's transaction, which locked the order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.errors import Conflict, Forbidden, NotFound
from vivr.ids import OrderId, new_hold_id
from vivr.orders import store
from vivr.orders.model import Hold

_log: Final = structlog.stdlib.get_logger("vivr.orders")
RELEASERS: Final = frozenset({"support", "finance", "owner"})
"""The roles of staff that may release an order."""


async def holds_of(tx: Tx, order_id: str) -> list[Hold]:
    """What holds an order now, oldest first: while there is any, nothing of it is shipped or captured."""
    return await store.open_holds(tx, [order_id])


async def held_orders(tx: Tx, order_ids: Sequence[str]) -> frozenset[str]:
    """Those of some orders that are held."""
    return frozenset(hold.order_id for hold in await store.open_holds(tx, list(order_ids)))


async def place_hold(tx: Tx, caller: Caller, now: datetime, order_id: OrderId, *, cause: str, object_id: str) -> bool:
    """Hold an order; False: this object holds it already, or did and was released."""
    hold_id = new_hold_id(now)
    is_new = await store.insert_hold(
        tx, id=hold_id, order_id=order_id, cause=cause, object_id=object_id, placed_by=caller.actor, now=now
    )
    if is_new:
        await record_act(tx, caller, now, "order.held", on=("hold", hold_id), order_id=order_id)
        _log.warning("order.held", order=order_id, cause=cause, object=object_id)
    return is_new


async def end_hold(tx: Tx, caller: Caller, now: datetime, order_id: OrderId, object_id: str) -> bool:
    """Release what an object holds; False: it holds nothing."""
    released = await store.release_holds(tx, order_id=order_id, object_id=object_id, released_by=caller.actor, now=now)
    for hold in released:
        await record_act(tx, caller, now, "order.released", on=("hold", hold.id), order_id=order_id)
        _log.info("order.released", order=order_id, cause=hold.cause, object=object_id)
    return bool(released)


async def release_hold(database: Database, clock: Clock, caller: Caller, order_id: OrderId, object_id: str) -> None:
    """Staff's word that the doubt is gone.

    Raises:
        Forbidden: this role may not.
        NotFound: there is no such order.
        Conflict: ``hold_already_released``.
    """
    if caller.role not in RELEASERS:
        raise Forbidden
    async with database.transaction("release_hold") as tx:
        if await store.lock_order(tx, order_id) is None:
            raise NotFound("order_not_found")
        if not await end_hold(tx, caller, clock.now(), order_id, object_id):
            raise Conflict("hold_already_released")
