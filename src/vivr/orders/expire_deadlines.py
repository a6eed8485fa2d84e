"""Which orders are overdue, and giving one a little more time."""

from datetime import datetime

from vivr.database import Tx
from vivr.ids import OrderId
from vivr.orders import store


async def overdue_orders(tx: Tx, *, now: datetime, limit: int) -> list[OrderId]:
    """Unpaid orders whose deadline passed, oldest first."""
    return await store.overdue(tx, now=now, limit=limit)


async def postpone_deadline(tx: Tx, order_id: OrderId, deadline_at: datetime) -> None:
    """Look at an overdue order again later: it could not be closed now."""
    await store.postpone_deadline(tx, order_id, deadline_at)
