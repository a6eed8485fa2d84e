"""Read operations for timelines and staff."""

from vivr.database import Tx
from vivr.operations import store
from vivr.operations.model import Operation


async def operations_of_order(tx: Tx, order_id: str) -> list[Operation]:
    """All Stripe writes of one order."""
    return await store.of_order(tx, order_id)
