"""Read operations for timelines and staff."""

from vivr.database import Tx
from vivr.operations import store
from vivr.operations.model import Operation, OperationKind, OperationsHealth, Outcome


async def operations_of_order(tx: Tx, order_id: str) -> list[Operation]:
    """All Stripe writes of one order."""
    return await store.of_order(tx, order_id)


async def find_operation(tx: Tx, operation_id: str) -> Operation | None:
    """One Stripe write."""
    return await store.find(tx, operation_id)


async def newest_operations(
    tx: Tx, *, outcome: Outcome | None, kind: OperationKind | None, before: str | None, limit: int
) -> list[Operation]:
    """The newest Stripe writes, of one outcome and kind or of all, before the one with the id ``before``."""
    return await store.newest(tx, outcome=outcome, kind=kind, before=before, limit=limit)


async def unsettled_operations(tx: Tx, *, limit: int) -> list[Operation]:
    """Those whose outcome is not known, the longest waiting first."""
    return await store.unsettled(tx, limit)


async def operations_health(tx: Tx) -> OperationsHealth:
    """How many are not settled, and since when."""
    return await store.health(tx)
